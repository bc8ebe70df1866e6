"""The page ``docs/reference/api.md``, written from the description of the interface.

To renew it: ``python -m fenhe.platform.api.reference > docs/reference/api.md``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

HEAD = """# HTTP interface

Written by `python -m fenhe.platform.api.reference`; do not edit. The same as OpenAPI 3.1:
`/api/v1/openapi.json`. How it is used: [Use the API](../how-to/use-the-api.md).
"""
COMMON = ("limit", "cursor", "format")


def markdown(schema: Mapping[str, Any]) -> str:
    """Return the page: every operation with its parameters and what it answers."""
    parts = [HEAD, "\n", f"{schema['info']['description']}\n", "\n", *_common(schema)]
    subject = ""
    for where, operations in schema["paths"].items():
        for verb, told in operations.items():
            if told["tags"][0] != subject:
                subject = told["tags"][0]
                parts.append(f"\n## {subject}\n")
            parts += _operation(schema, verb.upper(), where, told)
    return "".join(parts)


def _common(schema: Mapping[str, Any]) -> Iterator[str]:
    lists = schema["paths"]["/api/v1/observations"]["get"]
    yield "Every list takes:\n\n| parameter | | |\n|---|---|---|\n"
    yield from (_parameter(p) for p in lists["parameters"] if p["name"] in COMMON)
    found: dict[str, str] = {}
    for operations in schema["paths"].values():
        for told in operations.values():
            found |= {s: r["description"] for s, r in told["responses"].items() if s >= "400"}
    yield '\nEvery error is `{"error": {"code", "message", "where"}}`:\n\n| status | meaning |\n'
    yield "|---|---|\n"
    yield from (f"| {status} | {meaning} |\n" for status, meaning in sorted(found.items()))


def _operation(
    schema: Mapping[str, Any], verb: str, where: str, told: Mapping[str, Any]
) -> Iterator[str]:
    yield f"\n### {verb} {where}\n\n{told['summary']}"
    yield f"\n\n{told['description']}\n" if told.get("description") else "\n"
    own = [p for p in told["parameters"] if p["name"] not in COMMON]
    if own:
        yield "\n| parameter | | |\n|---|---|---|\n"
        yield from map(_parameter, own)
    sent = told.get("requestBody", {}).get("content", {}).get("application/json")
    if sent:
        yield "\nTakes:\n\n| member | type | |\n|---|---|---|\n"
        yield from _sent(sent["schema"])
    if {p["name"] for p in told["parameters"]} >= {"limit"}:
        yield "\nA list.\n"
    for status, response in told["responses"].items():
        model = _model(response)
        if model and status < "300":
            yield f"\nAnswers {status}, `{model}`:\n\n| member | type | |\n|---|---|---|\n"
            yield from _members(schema, model)
    statuses = ", ".join(sorted(s for s in told["responses"] if s >= "300"))
    yield f"\nElse: {statuses}.\n"


def _parameter(told: Mapping[str, Any]) -> str:
    needed = "needed" if told["required"] else ""
    said = told.get("description", "")
    place = "" if told["in"] == "query" else f"{told['in']}, "
    usual = told["schema"].get("default")
    usual_ = "" if usual in (None, []) else f" (without it `{usual}`)"
    kind = _type(told["schema"])
    return (
        f"| `{told['name']}` | {place}{kind}{', ' + needed if needed else ''} | {said}{usual_} |\n"
    )


def _model(response: Mapping[str, Any]) -> str:
    content = response.get("content", {}).get("application/json", {})
    return str(content.get("schema", {}).get("$ref", "")).rpartition("/")[2]


def _members(schema: Mapping[str, Any], model: str, before: str = "") -> Iterator[str]:
    told = schema["components"]["schemas"][model]
    for name, part in told.get("properties", {}).items():
        yield f"| `{before}{name}` | {_type(part)} | {part.get('description', '')} |\n"
        inner = part.get("items", part).get("$ref", "")
        if inner:
            mark = f"{before}{name}[]." if "items" in part else f"{before}{name}."
            yield from _members(schema, inner.rpartition("/")[2], mark)


def _sent(schema: Mapping[str, Any], before: str = "") -> Iterator[str]:
    needed = schema.get("required", ())
    for name, part in schema.get("properties", {}).items():
        must = ", needed" if name in needed else ""
        yield f"| `{before}{name}` | {_type(part)}{must} | {part.get('description', '')} |\n"
        yield from _sent(part.get("items", {}), f"{before}{name}[].")


def _type(part: Mapping[str, Any]) -> str:
    if "anyOf" in part:
        return " or ".join(_type(one) for one in part["anyOf"])
    if "$ref" in part or part.get("type") == "object":
        return "object"
    kind = part.get("type", "any")
    if kind == "array":
        return f"list of {_type(part.get('items', {}))}"
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def main() -> None:
    """Write the page to standard output."""
    from fenhe.platform import boot

    boot.setup(Path("nowhere"))
    from fenhe.platform.api import root

    sys.stdout.write(markdown(root.schema()))


if __name__ == "__main__":
    main()
