"""The whole way with a real server: a condition, an alarm, a mail, a person, the end, a mail."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fenhe.base.errors import BadInput
from fenhe.platform import wire
from tests.platform.notices.conftest import SECRET, MailSink
from tests.platform.server import fenhe, serving

WAIT = 90.0  # seconds a loaded machine may take


def until(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + WAIT
    while time.monotonic() < end and not true():
        time.sleep(0.2)
    return true()


@pytest.fixture
def data(tmp_path: Path, mail_sink: MailSink) -> Path:
    """A data folder with a route of mail."""
    folder = tmp_path / "data"
    fenhe("init", data=folder)
    address = tmp_path / "address"
    address.write_text(f"mailto://fenhe:{SECRET}@127.0.0.1:{mail_sink.port}?from=f@example.org\n")
    added = fenhe(
        "alarms", "routes", "add", "ops", "--address-file", str(address), "--language", "en",
        "--to", "ops@example.org", "--group", "0", "--reminders", "4,24", data=folder,
    )  # fmt: skip
    assert added.stdout.startswith("ops  system  mail  mailto://••••••@127.0.0.1")
    assert SECRET not in added.stdout + added.stderr
    return folder


def limit(data: Path, key: str, value: float | None) -> None:
    args = {"limit": key, "value": value, "reason": "a test"}
    wire.call(data, "set_alarm_limit", args)


def test_from_a_condition_to_a_person_and_back(data: Path, mail_sink: MailSink) -> None:
    with serving(data) as server:
        assert until(lambda: json.loads(server.get("/health/ready/")[1])["watcher"] == "ok")
        for name in ("hold_s", "hold_longest_s"):
            limit(data, f"common.{name}", 0)
        assert wire.call(data, "alarms", {}) == []
        limit(data, "disk_low.low_bytes", 1 << 40)
        assert until(lambda: len(mail_sink.mails) == 1), "no mail came"
        assert mail_sink.mails[0].subject == "[Fenhe] 1 system alarm: Disk is nearly full"
        assert json.loads(server.get("/health/ready/")[1])["alarms"] in {"open", "critical"}
        assert 'fenhe_alarms_open{kind="disk_low"' in server.get("/metrics")[1]
        (one,) = json.loads(fenhe("alarms", "list", "--json", data=data).stdout)
        assert (one["kind"], one["state"]) == ("disk_low", "open")
        (found,) = [row for row in wire.call(data, "doctor", {}) if row["check"] == "alarms"]
        assert found["message"] == f"1 stand: Disk is nearly full (#{one['alarm']})"
        number = str(one["alarm"])
        told = fenhe("alarms", "acknowledge", number, "--note", "ordered", data=data).stdout
        assert "ordered" in told
        with pytest.raises(BadInput, match="is acknowledged already"):
            wire.call(data, "acknowledge_alarm", {"alarm": one["alarm"]})
        limit(data, "disk_low.low_bytes", None)
        assert until(lambda: len(mail_sink.mails) == 2), "no mail of the end came"
        assert "[ENDED" in mail_sink.mails[1].text
        assert wire.call(data, "alarms", {}) == []
        shown = fenhe("alarms", "show", number, data=data).stdout
        assert all(word in shown for word in ("opened", "acknowledged", "closed"))
        assert shown.count("ops ops@example.org  sent") == 2
    assert "sent  ops@example.org" in fenhe("alarms", "test", "ops", data=data).stdout
    mail_sink.down = True
    failed = fenhe("alarms", "test", "ops", data=data, check=False)
    assert failed.returncode == 1
    assert "451" in failed.stdout
    assert "failing (1 in a row)" in fenhe("alarms", "routes", data=data).stdout
