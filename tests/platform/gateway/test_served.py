"""The gateway of a real server, and the command line beside it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fenhe.base.errors import BadInput
from fenhe.platform import wire as owner_wire
from tests.platform.gateway import served, wire
from tests.platform.gateway.test_commands import reply
from tests.platform.server import Server, fenhe, serving

SECRET = "AbC123"  # noqa: S105


@pytest.fixture(scope="module")
def port() -> int:
    return served.free_port()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Server]:
    data = served.prepare(
        tmp_path_factory.mktemp("served") / "data",
        (wire.MN, wire.PW, None),
        ("KEYED", wire.PW, 2025),
        ("PASSED", wire.PW, None),
    )
    with serving(data, "--gateway", f"127.0.0.1:{port}") as found:
        yield found


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder nobody serves."""
    return served.prepare(tmp_path_factory.mktemp("quiet") / "data", (wire.MN, wire.PW, None))


class Scripted(threading.Thread):
    """A device that does what it is asked, until its connection ends."""

    def __init__(self, port: int, mn: str = wire.MN, flag: int = 5) -> None:
        super().__init__(daemon=True)
        self.line = wire.Logger(port)
        self.flag = flag
        self.line.send(wire.upload(1, mn=mn, flag=flag))
        assert wire.header(self.line.receive())["CN"] == "9014"
        self.asked: list[dict[str, str]] = []

    def run(self) -> None:
        with contextlib.suppress(OSError):  # closed by the test
            self._answer()

    def _answer(self) -> None:
        while asked := self.line.receive():
            told = wire.header(asked)
            self.asked.append(told)
            version = self.flag & ~3
            self.line.send(reply(asked, "9011", "QnRtn=1", version))
            if told["CN"] == "1011":
                self.line.send(wire.frame(
                    f"QN={told['QN']};ST=31;CN=1011;PW={told['PW']};MN={told['MN']};"
                    f"Flag={version};CP=&&SystemTime=20260301101500&&"
                ))  # fmt: skip
            self.line.send(reply(asked, "9012", "ExeRtn=1", version))


def ask(server: Server, verb: str, **args: Any) -> Any:
    """Ask the server through its socket, as the command line does."""
    return owner_wire.call(server.data, verb, args)


def _with_device(port: int, mn: str = wire.MN, flag: int = 5) -> Scripted:
    device = Scripted(port, mn, flag)
    device.start()
    return device


def test_a_command_from_the_command_line_is_followed_to_its_end(server: Server, port: int) -> None:
    device = _with_device(port)
    told = ask(server, "gateway_command", mn=wire.MN, cn="1011", wait=30)
    assert (told["state"], told["result"]) == ("done", [["SystemTime", "20260301101500"]])
    begin = ("--begin", "2026-03-01T00:00", "--end", "2026-03-01T05:00")
    done = fenhe("gateway", "command", wire.MN, "2061", *begin, data=server.data)
    assert "done" in done.stdout
    assert device.asked[-1]["BeginTime"] == "20260301000000"
    device.line.close()


def test_the_status_names_devices_and_balances(server: Server, port: int) -> None:
    with wire.logger(port) as one:
        one.send(wire.upload(1) + wire.upload(2, mn="NOBODY") + wire.upload(3, pw=SECRET))
        assert [wire.header(one.receive())["CN"] for _ in range(3)] == ["9014", "9011", "9011"]
        said = fenhe("gateway", "status", "--connections", data=server.data).stdout
    assert f"{wire.MN}  2017" in said
    assert "refused: NOBODY (unknown_device)" in said
    assert "rejected for: password 1, unknown_device 1" in said
    assert SECRET not in said


def test_the_metrics_tell_of_the_gateway(server: Server, port: int) -> None:
    with wire.logger(port) as one:
        one.send(wire.upload(1))
        assert one.receive() == wire.ack(1)
        status, text = server.get("/metrics")
    assert status == 200
    told = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[:1] != "#")
    assert float(told["fenhe_gateway_connections"]) == 1
    assert float(told['fenhe_gateway_frames_total{fate="accepted"}']) >= 1
    assert 'fenhe_gateway_disk_seconds{quantile="0.99"}' in told


def test_a_new_password_works_at_the_device_and_here(server: Server, port: int) -> None:
    device = _with_device(port, "PASSED")
    fields = [["NewPW", SECRET]]
    told = ask(server, "gateway_command", mn="PASSED", cn="1072", fields=fields, wait=30)
    assert told["state"] == "done"
    assert device.asked[-1]["NewPW"] == SECRET
    assert wire.until(lambda: _accepted(port, SECRET))
    device.line.close()
    listed = fenhe("gateway", "commands", "--mn", "PASSED", data=server.data).stdout
    assert "PASSED  1072  done" in listed
    assert SECRET not in listed + repr(told)


def _accepted(port: int, password: str) -> bool:
    with wire.logger(port) as one:
        one.send(wire.upload(3, mn="PASSED", pw=password))
        return wire.header(one.receive())["CN"] == "9014"


def test_a_new_key_waits_for_somebody_else(server: Server, port: int) -> None:
    device = _with_device(port, "KEYED", flag=9)
    asked = ask(server, "gateway_command", mn="KEYED", cn="1014")
    assert asked["state"] == "asked"
    with pytest.raises(BadInput, match="somebody else"):
        ask(server, "gateway_approve", id=asked["id"])
    assert ask(server, "gateway_withdraw", id=asked["id"])["state"] == "withdrawn"
    assert device.asked == []
    device.line.close()


def test_a_second_gateway_is_refused_with_the_pid(server: Server) -> None:
    alone = fenhe("gateway", data=server.data, check=False)
    assert alone.returncode == 2
    assert f"process {server.process.pid} owns" in alone.stderr


def test_a_port_in_use_stops_the_gateway_with_a_sentence(
    server: Server, port: int, quiet: Path
) -> None:
    words = ("gateway", "--listen", f"127.0.0.1:{port}")
    done = fenhe(*words, data=quiet, check=False)
    assert done.returncode == 2
    assert "can not listen" in done.stderr


def test_a_command_without_a_server_waits_for_the_next(quiet: Path) -> None:
    done = fenhe("gateway", "command", wire.MN, "1061", data=quiet)
    assert "waits for the device" in done.stdout
    assert "nobody serves" in fenhe("gateway", "status", data=quiet, check=False).stderr
