"""The standards browser: every edition and value, what holds on a day, where it is used."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest
from django.test import Client

from fenhe import standards
from fenhe.standards import export
from tests.platform.conftest import World

ROOT = "/en/standards/"


def page(client: Client, address: str) -> str:
    reply = client.get(address)
    assert reply.status_code == 200, reply.content.decode()[-2000:]
    return reply.content.decode()


def rows(client: Client, address: str) -> list[dict[str, Any]]:
    return list(json.loads(client.get(address).content)["rows"])


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_list_holds_every_edition_and_says_what_holds_on_the_day(
    judged: World, visitor: Client
) -> None:
    said = page(visitor, f"{ROOT}?on=2026-02-28")
    assert "GB 3095-2012" in re.search(r'class="answer">(.*?)</h1>', said)[1]  # type: ignore[index]
    for edition in standards.catalogue().all_editions:
        assert f'href="{ROOT}{edition.id}/"' in said
    assert "HJ 633-2026" in re.search(r'class="answer">(.*?)</h1>', page(visitor, f"{ROOT}?on=2026-03-01"))[1]  # type: ignore[index]
