"""The interface against its own description: made-up requests of every kind on a real server.

``FENHE_EXAMPLES`` says how many an operation gets; few here, thousands now and then.
"""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

# a text that is no cursor or day fits its schema and is still refused, with a reason
from schemathesis.specs.openapi.checks import positive_data_acceptance

from fenhe.platform.api import root
from tests.platform.api import served
from tests.platform.server import serving

EXAMPLES = int(os.environ.get("FENHE_EXAMPLES", "8"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, str]]:
    """A real server with a day of data, and a token that may do everything."""
    folder = tmp_path_factory.mktemp("schema")
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
