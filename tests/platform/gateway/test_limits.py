"""Floods, slow readers, too many connections, silence, a log that fails, TLS, two sockets."""

from __future__ import annotations

import contextlib
import datetime as dt
import socket
import ssl
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fenhe.base.errors import BadInput
from fenhe.platform.gateway.config import Address, Config, read
from fenhe.store.rawlog import NewEntry, StreamLog
from fenhe.store.rawlog.streams import Streams
from tests.platform.gateway import wire
from tests.platform.gateway.conftest import LOCAL, Running, listening
from tests.platform.gateway.devices import Devices, Known


def test_the_newest_of_two_connections_wins(gateway: Running) -> None:
    with wire.logger(gateway.port) as old, wire.logger(gateway.port) as new:
        old.send(wire.upload(1))
        assert old.receive() == wire.ack(1)
        new.send(wire.upload(2))
        assert new.receive() == wire.ack(2)
        assert old.receive() == b""  # closed
        new.send(wire.upload(3))
        assert new.receive() == wire.ack(3)
        state = gateway.state()
    assert state["open"] == 1
    assert [one["kind"] for one in state["incidents"]] == ["two_sockets"]
    notes = [entry.payload for entry in gateway.entries() if entry.kind == "note"]
    assert any(b"newest wins" in note for note in notes)


def test_one_connection_may_speak_for_several_devices(gateway: Running, devices: Devices) -> None:
    devices.add(Known("SECOND"))
    with wire.logger(gateway.port) as both, wire.logger(gateway.port) as one:
        both.send(wire.upload(1) + wire.upload(2, mn="SECOND"))
        assert [both.receive(), both.receive()] == [wire.ack(1), wire.ack(2, mn="SECOND")]
        one.send(wire.upload(3, mn="SECOND"))
        assert one.receive() == wire.ack(3, mn="SECOND")
        both.send(wire.upload(4))
        assert both.receive() == wire.ack(4)


def test_a_connection_above_its_rate_is_slowed_and_loses_nothing(
    tmp_path: Path, devices: Devices
) -> None:
    count = 300
    with listening(tmp_path, devices, frames_per_second=200, burst=100) as gateway:
        with wire.logger(gateway.port) as one:
            for part in range(0, count, 20):
                one.send(b"".join(wire.upload(n) for n in range(part, part + 20)))
            assert [one.receive() for _ in range(count)] == [wire.ack(n) for n in range(count)]
        state = gateway.state()
    assert "flood" in {one["kind"] for one in state["incidents"]}


def test_more_than_may_wait_for_the_disk_is_read_later(tmp_path: Path, devices: Devices) -> None:
    count = 2000
    with listening(tmp_path, devices, in_hand=10_000, waiting=20_000, burst=10_000) as gateway:
        with wire.logger(gateway.port) as one:
            one.send(b"".join(wire.upload(n) for n in range(count)))
            assert [one.receive() for _ in range(count)] == [wire.ack(n) for n in range(count)]
        assert wire.until(lambda: gateway.loop.hub.is_idle)
        assert gateway.totals()["accepted"] == count


def test_garbage_in_floods_is_cut(tmp_path: Path, devices: Devices) -> None:
    with listening(tmp_path, devices, unknown=100_000) as gateway:
        with wire.logger(gateway.port) as one:
            sent = _flood(one)
            assert wire.until(lambda: gateway.state()["open"] == 0)
        assert wire.until(lambda: gateway.loop.hub.is_idle)
        totals = gateway.totals()
        kept = sum(len(data) for data in gateway.bytes_in())
    assert totals["frames"] == 0
    assert totals["garbage_bytes"] == totals["bytes_in"] == kept < sent
    assert kept < 1_000_000


def _flood(one: wire.Logger) -> int:
    """Send rubbish until cut; return how much the socket took."""
    sent, rubbish = 0, b"\x16\x03" * 2000
    with contextlib.suppress(OSError):
        for _ in range(100_000):
            one.send(rubbish)
            sent += len(rubbish)
    return sent


def test_one_that_does_not_read_is_cut(tmp_path: Path, devices: Devices) -> None:
    with listening(
        tmp_path, devices, unread=4096, frames_per_second=100_000, burst=100_000
    ) as gateway:
        with wire.logger(gateway.port) as one:
            one.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sent = _send_until_cut(one)
        assert wire.until(lambda: gateway.state()["open"] == 0)
        state = gateway.state()
    assert sent > 0
    assert "slow" in {one["kind"] for one in state["incidents"]}
    assert len(gateway.bytes_in()) >= state["totals"]["accepted"] > 0


def _send_until_cut(one: wire.Logger) -> int:
    batch, sent = b"".join(wire.upload(n) for n in range(200)), 0
    one.socket.settimeout(wire.WAIT)
    with contextlib.suppress(OSError):
        while sent < 400_000:
            one.send(batch)
            sent += 200
    return sent


def test_connections_are_limited_in_all_and_by_address(tmp_path: Path, devices: Devices) -> None:
    with listening(tmp_path, devices, connections=10, per_address=2) as gateway:
        with wire.logger(gateway.port) as first, wire.logger(gateway.port):
            assert wire.until(lambda: gateway.state()["open"] == 2)
            with wire.logger(gateway.port) as third:
                assert third.receive() == b""
            first.send(wire.upload(1))
            assert first.receive() == wire.ack(1)
            assert gateway.state()["refused_connections"] == 1
        assert wire.until(lambda: gateway.state()["open"] == 0)
        with wire.logger(gateway.port) as later:
            later.send(wire.upload(2))
            assert later.receive() == wire.ack(2)


def test_strangers_are_cut_after_some_tries(tmp_path: Path, devices: Devices) -> None:
    with (
        listening(tmp_path, devices, strikes=3) as gateway,
        wire.logger(gateway.port) as one,
    ):
        one.send(b"".join(wire.upload(n, mn="NOBODY") for n in range(3)))
        told = [wire.header(one.receive())["QnRtn"] for _ in range(3)]
        assert told == ["4"] * 3
        assert one.receive() == b""
        assert len(gateway.bytes_in()) == 3  # kept all the same


def test_the_silent_are_closed(tmp_path: Path, devices: Devices) -> None:
    with listening(tmp_path, devices, idle=2, greeting=1) as gateway:
        with wire.logger(gateway.port) as known, wire.logger(gateway.port) as mute:
            known.send(wire.upload(1))
            assert known.receive() == wire.ack(1)
            assert mute.receive() == b""
            assert known.receive() == b""
        assert wire.until(lambda: len(_whys(gateway)) == 2)
        assert _whys(gateway) == [b"nothing acceptable came", b"idle"]


def _whys(gateway: Running) -> list[bytes]:
    return [entry.payload for entry in gateway.entries() if entry.kind == "close"]


def test_a_frame_longer_than_allowed_is_garbage(tmp_path: Path, devices: Devices) -> None:
    long = wire.upload(1, cp=wire.DATA + ";x=" + "1" * 3000)
    with (
        listening(tmp_path, devices, frame=2048) as gateway,
        wire.logger(gateway.port) as one,
    ):
        one.send(long + wire.upload(2))
        assert one.receive() == wire.ack(2)
        assert gateway.totals()["garbage_bytes"] == len(long)


def test_a_reset_connection_is_taken_out(gateway: Running) -> None:
    one = wire.Logger(gateway.port)
    one.send(wire.upload(1))
    assert one.receive() == wire.ack(1)
    one.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    one.close()
    assert wire.until(lambda: gateway.state()["open"] == 0)
    assert gateway.totals()["accepted"] == 1


class Failing:
    """A raw log whose disk is full for a while."""

    def __init__(self, log: StreamLog) -> None:
        self.log, self.full = log, False

    @property
    def failed(self) -> Exception | None:
        return OSError(28, "No space left on device") if self.full else self.log.failed

    @property
    def backlog(self) -> int:
        return self.log.backlog

    def append(self, entries: Sequence[NewEntry], done: Callable[[Any], None]) -> None:
        if self.full:
            done(OSError(28, "No space left on device"))
        else:
            self.log.append(entries, done)


def test_nothing_is_acknowledged_while_the_log_fails(tmp_path: Path, devices: Devices) -> None:
    log = Failing(Streams(tmp_path / "kept").open("main"))
    with listening(tmp_path, devices, log) as gateway, wire.logger(gateway.port) as one:
        one.send(wire.upload(1))
        assert one.receive() == wire.ack(1)
        log.full = True
        one.send(wire.upload(2) + wire.upload(3, pw="wrong!"))
        assert one.silent()
        state = gateway.state()
        assert "No space left" in state["log"]["failed"]
        assert state["totals"]["problems"] == {"log_failed": 2}
        assert [row["kind"] for row in state["incidents"]] == ["log_failed"]
        log.full = False
        one.send(wire.upload(2))  # the device was not answered and sends again
        assert one.receive() == wire.ack(2)
        assert wire.until(lambda: not gateway.state()["incidents"])
    log.log.close()


def test_the_totals_balance_whatever_comes(gateway: Running) -> None:
    with wire.logger(gateway.port) as one, wire.logger(gateway.port) as other:
        one.send(wire.upload(1) + wire.upload(2).replace(b"21.4", b"99.9") + b"####")
        other.send(wire.upload(3, mn="NOBODY") + wire.upload(4, pw="bad") + wire.upload(5)[:40])
        one.receive()
    assert wire.until(lambda: gateway.state()["open"] == 0 and not gateway.totals()["in_hand"])
    totals = gateway.totals()
    assert totals["frames"] == 5
    assert totals["accepted"] + totals["rejected"] + totals["incomplete"] == 5
    assert (totals["accepted"], totals["rejected"], totals["incomplete"]) == (1, 3, 1)
    assert totals["bytes_in"] == sum(len(data) for data in gateway.bytes_in())


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway")])
    day = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(day)
        .not_valid_after(day + dt.timedelta(days=36500))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = tmp_path / "cert.pem", tmp_path / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


def _client(certificate: Path, port: int, own: tuple[Path, Path] | None = None) -> wire.Logger:
    context = ssl.create_default_context(cafile=str(certificate))
    context.check_hostname = False
    if own is not None:
        context.load_cert_chain(*own)
    plain = socket.create_connection(("127.0.0.1", port), timeout=wire.WAIT)
    return wire.Logger(port, context.wrap_socket(plain))


def test_tls_and_plain_side_by_side(
    tmp_path: Path, devices: Devices, certificate: tuple[Path, Path]
) -> None:
    devices.add(Known("SECRET"))
    config = Config(plain=LOCAL, secure=LOCAL, certificate=certificate[0], key=certificate[1])
    with listening(tmp_path, devices, config=config) as gateway:
        plain, secure = gateway.loop.ports
        with wire.logger(plain) as one:
            two = _client(certificate[0], secure)
            one.send(wire.upload(1))
            two.send(wire.upload(2, mn="SECRET"))
            assert one.receive() == wire.ack(1)
            assert two.receive() == wire.ack(2, mn="SECRET")
            assert sorted(row["secure"] for row in gateway.state()["connections"]) == [False, True]
            two.close()
        with wire.logger(secure) as talks_plainly:
            talks_plainly.send(wire.upload(3))
            assert wire.until(lambda: _is_closed(talks_plainly))
        assert gateway.totals()["frames"] == 2


def _is_closed(one: wire.Logger) -> bool:
    """Say whether the gateway has ended a connection; what it said before does not count."""
    one.socket.settimeout(wire.WAIT)
    try:
        return one.socket.recv(4096) == b""
    except OSError:
        return True


def test_devices_may_have_to_show_a_certificate(
    tmp_path: Path, devices: Devices, certificate: tuple[Path, Path]
) -> None:
    config = Config(
        secure=LOCAL, certificate=certificate[0], key=certificate[1], authority=certificate[0]
    )
    with listening(tmp_path, devices, config=config) as gateway:
        one = _client(certificate[0], gateway.port, own=certificate)
        one.send(wire.upload(1))
        assert one.receive() == wire.ack(1)
        one.close()
        stranger = _client(certificate[0], gateway.port)
        assert wire.until(lambda: _is_closed(stranger))
        assert gateway.totals()["frames"] == 1


def test_a_port_that_is_taken_is_said(tmp_path: Path, devices: Devices) -> None:
    with listening(tmp_path, devices) as gateway:
        config = Config(plain=Address("127.0.0.1", gateway.port))
        other = listening(tmp_path / "other", devices, config=config)
        with pytest.raises(BadInput, match="can not listen"):
            other.__enter__()


def test_settings_come_from_the_environment(certificate: tuple[Path, Path]) -> None:
    told = {
        "FENHE_GATEWAY": "0.0.0.0:9212",
        "FENHE_GATEWAY_TLS": "[::1]:9213",
        "FENHE_GATEWAY_CERTIFICATE": str(certificate[0]),
        "FENHE_GATEWAY_KEY": str(certificate[1]),
        "FENHE_GATEWAY_CONNECTIONS": "20",
        "FENHE_GATEWAY_OVER_TIME": "5",
    }
    config = read(told)
    assert (str(config.plain), str(config.secure)) == ("0.0.0.0:9212", "[::1]:9213")
    assert config.limits.connections == 20
    assert config.timing.over_time == 5.0
    assert config.tls() is not None
    assert not read({}).listens


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("FENHE_GATEWAY", "9212", "not HOST:PORT"),
        ("FENHE_GATEWAY_TLS", "localhost:http", "not HOST:PORT"),
        ("FENHE_GATEWAY_IDLE", "long", "FENHE_GATEWAY_IDLE=long is not a number"),
        ("FENHE_GATEWAY_BURST", "0", "at least 1"),
    ],
)
def test_settings_that_can_not_be_are_named(name: str, text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read({name: text})


def test_tls_without_a_certificate_is_refused() -> None:
    with pytest.raises(BadInput, match="needs a certificate"):
        read({"FENHE_GATEWAY_TLS": "127.0.0.1:9213"}).tls()
