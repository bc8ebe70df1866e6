"""The description of the interface: complete, documented, the page current."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.urls import URLPattern
from pydantic import BaseModel

from fenhe.platform.api import reference, root, subjects
from fenhe.platform.registry import door
from tests.platform.api.conftest import Caller

DOCS = Path(__file__).parents[3] / "docs"
OPERATIONS = [
    (verb, where, told)
    for where, operations in root.schema()["paths"].items()
    for verb, told in operations.items()
]


def test_the_reference_page_is_current() -> None:
    # to renew it: python -m fenhe.platform.api.reference > docs/reference/api.md
    page = (DOCS / "reference/api.md").read_text(encoding="utf-8")
    assert page == reference.markdown(root.schema())


@pytest.mark.parametrize(("verb", "where", "told"), OPERATIONS)
def test_every_operation_says_what_it_answers(verb: str, where: str, told: Any) -> None:
    assert told["summary"].endswith(".")
    assert {"400", "401", "403", "429", "500"} <= set(told["responses"])
    assert told["security"]
    for status, response in told["responses"].items():
        assert response["description"], status
        if status >= "400":
            content = response["content"]["application/json"]["schema"]
            assert content == {"$ref": "#/components/schemas/Wrong"}
    if where.endswith("/observations") and verb == "post":
        assert told["security"] == [{"token": []}]


def test_no_two_models_share_a_name() -> None:
    """Ninja keeps one schema a name: the second would silently replace the first."""
    modules = [getattr(subjects, name) for name in dir(subjects)]
    models = {
        value
        for module in modules
        for value in getattr(module, "__dict__", {}).values()
        if isinstance(value, type) and issubclass(value, BaseModel)
    }
    names = Counter(model.__name__ for model in models)
    assert [name for name, n in names.items() if n > 1] == []
    assert len(names) > 30


def test_every_address_asks_the_door() -> None:
    patterns = root.addresses()
    assert all(isinstance(pattern, URLPattern) for pattern in patterns)
    assert door.unguarded([pattern.callback for pattern in patterns]) == []
    addresses = {str(pattern.pattern).replace("<", "{").replace(">", "}") for pattern in patterns}
    told = {where.removeprefix("/api/v1/") for where in root.schema()["paths"]}
    assert addresses == {*told, "openapi.json"}


def test_the_description_is_served(visitor: Caller) -> None:
    assert visitor.json("/openapi.json") == root.schema()


def test_addresses_of_the_guide_are_those_there_are() -> None:
    text = (DOCS / "how-to/use-the-api.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\$API(/[a-z]+(?:/[a-z]+)?)", text))
    known = [
        re.compile(re.sub(r"\{\w+\}", "[^/]+", where.removeprefix("/api/v1")) + "$")
        for where in root.schema()["paths"]
    ]
    assert len(named) > 8
    assert [one for one in named if not any(pattern.match(one) for pattern in known)] == []


def test_parameters_named_in_the_guide_are_read() -> None:
    text = (DOCS / "how-to/use-the-api.md").read_text(encoding="utf-8")
    for where, query in re.findall(r"\$API(/[a-z]+(?:/[a-z]+)?)\?([^\"]+)\"", text):
        told = root.schema()["paths"][f"/api/v1{where}"]["get"]["parameters"]
        names = {pair.partition("=")[0] for pair in query.split("&")}
        assert names <= {p["name"] for p in told}
