"""The interface against its own description: made-up requests of every kind on a real server.

``FENHE_EXAMPLES`` says how many an operation gets; few here, thousands now and then.
"""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

# a text that is no cursor or day fits its schema and is still refused, with a reason
from schemathesis.specs.openapi.checks import positive_data_acceptance

from fenhe.platform.api import root
from tests.platform.api import served
from tests.platform.server import fenhe, serving

EXAMPLES = int(os.environ.get("FENHE_EXAMPLES", "8"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("schema")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[tuple[int, str]]:
    """A real server with a day of data, and a token that may do everything."""
    data, token = served.prepare(folder)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("FENHE_LOG_FILE", str(folder / "log"))  # a line each refused request
        with serving(data) as running:
            yield running.port, token


schema = schemathesis.openapi.from_dict(root.schema())


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=EXAMPLES < 100,
)
def test_answers_are_as_described(case: Any, server: tuple[int, str]) -> None:
    port, token = server
    reply = case.call_and_validate(
        base_url=f"http://127.0.0.1:{port}",
        headers={"Authorization": f"Bearer {token}"},
        excluded_checks=[positive_data_acceptance],
    )
    assert reply.status_code < 500


def test_a_body_above_every_limit_has_the_shape_of_an_error(server: tuple[int, str]) -> None:
    port, token = server
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    link.putrequest("POST", "/api/v1/observations")
    link.putheader("Authorization", f"Bearer {token}")
    link.putheader("Content-Length", str(60 * 2**20))
    link.endheaders()
    reply = link.getresponse()
    assert reply.status == 413
    assert json.loads(reply.read())["error"]["code"] == "too_large"
    link.close()


def test_one_key_pushed_by_many_at_once_is_one_import(server: tuple[int, str]) -> None:
    port, token = server
    rows = [
        {"station": "C1", "item": "pm25", "time": f"2026-05-01 {h:02d}:00", "value": 40}
        for h in range(1, 25)
    ]
    body = json.dumps({"feed": "push-hourly", "observations": rows}).encode()
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _: served.push(port, token, "once", body), range(8)))
        other = list(pool.map(lambda n: served.push(port, token, f"k{n}", body), range(4)))
    assert {status for status, _ in told + other} == {201}
    assert len({json.dumps(answer) for _, answer in told}) == 1
    assert told[0][1]["data"]["stored"] == 24
    assert [answer["data"]["duplicate"] for _, answer in other] == [24] * 4


def test_a_token_revoked_at_the_command_line_ends_at_once(
    server: tuple[int, str], folder: Path
) -> None:
    port, _ = server
    data = folder / "data"
    words = ("token", "add", "short", "--user", "sender", "--days", "3", "--scope", "push")
    token = fenhe(*words, "--feed", "push-hourly", data=data).stdout.strip()
    number = token.split("_")[1]
    listed = next(
        line for line in fenhe("token", "list", data=data).stdout.splitlines() if "short" in line
    )
    assert listed.split()[:6] == [number, "sender", "short", "push", "push-hourly", "active"]
    assert token.split("_", 2)[2] not in listed
    one = {"station": "C1", "item": "co", "end": "2026-05-02T00:00:00Z", "value": 1}
    body = json.dumps({"observations": [one]}).encode()
    assert served.push(port, token, "a", body)[0] == 201
    fenhe("token", "revoke", number, "--reason", "test", data=data)
    status, answer = served.push(port, token, "b", body)
    assert (status, answer["error"]["code"]) == (401, "token_revoked")
    done = fenhe("token", "add", "x", "--user", "nobody", data=data, check=False)
    assert (done.returncode, "no person named" in done.stderr) == (2, True)
