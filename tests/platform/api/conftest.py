"""The small province with a day of data, and clients with tokens of every role."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client

from fenhe.platform.api.acts import CreateToken
from fenhe.platform.registry.models import SiteCode
from fenhe.platform.workflow.acts import local_actor
from tests.platform.conftest import World
from tests.web.conftest import judged  # noqa: F401  fixtures are found by being here


@dataclass
class Caller:
    """Somebody who asks the interface, with or without a token."""

    token: str = ""
    client: Client = field(default_factory=lambda: Client(HTTP_HOST="localhost"))

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(f"/api/v1{path}", headers=self._headers(headers))

    def json(self, path: str, status: int = 200) -> Any:
        reply = self.get(path)
        assert reply.status_code == status, reply.content.decode()
        return json.loads(reply.content)

    def post(self, path: str, body: Any, kind: str = "application/json", **headers: str) -> Any:
        content = body if isinstance(body, bytes | str) else json.dumps(body)
        told = self._headers(headers)
        return self.client.post(f"/api/v1{path}", content, content_type=kind, headers=told)

    def pages(self, path: str, limit: int) -> list[Any]:
        """Return all rows of a list, a page at a time."""
        rows, cursor = [], ""
        sign = "&" if "?" in path else "?"
        while True:
            page = self.json(f"{path}{sign}limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
            assert len(page["data"]) <= limit
            rows += page["data"]
            cursor = page["next"]
            if cursor is None:
                return rows

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        own = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {**own, **{name.replace("_", "-"): value for name, value in more.items()}}


Holder = Callable[..., Caller]


@pytest.fixture
def holder(judged: World) -> Holder:  # noqa: F811
    """Give a person of a role a token and return who asks with it."""

    def make(role: str, *scopes: str, feed: str = "") -> Caller:
        act = CreateToken(judged.people[role], f"of {role}", scopes or ("read",), feed)
        return Caller(act.run(local_actor())[1])

    return make


@pytest.fixture
def visitor(judged: World) -> Caller:  # noqa: F811
    return Caller()


@pytest.fixture
def pusher(judged: World, holder: Holder) -> Caller:  # noqa: F811
    """An analyst of the whole system, who may push and read."""
    membership = judged.people["analyst"].memberships.get()
    membership.region = None
    membership.save()
    for site, code in ((judged.inside, "C1"), (judged.outside, "C2")):
        SiteCode.objects.create(site=site, code=code)
    return holder("analyst", "read", "push")


def value(hour: int = 1, number: Any = 41, **more: Any) -> dict[str, Any]:
    """Return one value of the first station on 2026-03-05."""
    return {
        "station": "C1",
        "item": "pm25",
        "time": f"2026-03-05 {hour:02d}:00",
        "value": number,
        **more,
    }


def body(*values: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a push."""
    return {"feed": "push-hourly", "observations": list(values)}
