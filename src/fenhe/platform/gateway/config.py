"""Where the gateway listens and what it allows; read from the environment by ``from_settings``."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TypeVar

from fenhe.base.errors import BadInput


@dataclass(frozen=True)
class Limits:
    """What one connection, one address and all of them together may do.

    Bytes, seconds, counts. A connection above its rate is read more slowly, not cut; one that
    does not read our answers is cut; so is one that sends nothing for ``idle`` seconds, or
    nothing acceptable within ``greeting`` seconds, or ``strikes`` refused frames in a row.
    """

    frame: int = 8192  # longest data segment taken for a frame; the standard allows 1,024
    frames_per_second: int = 500
    burst: int = 5000  # frames that may come at once
    connections: int = 10_000
    per_address: int = 500
    idle: float = 3 * 3600.0
    greeting: float = 120.0
    half: float = 60.0  # seconds the rest of a begun frame may take
    tail: float = 1.0  # seconds its CR LF may be late; some devices never send it
    unknown: int = 64 * 1024  # bytes before the first frame that is accepted
    strikes: int = 20
    unread: int = 256 * 1024  # bytes of answers a device may leave unread
    in_hand: int = 4 * 1024 * 1024  # bytes of one connection that wait for the disk
    waiting: int = 64 * 1024 * 1024  # the same of all together


@dataclass(frozen=True)
class Timing:
    """How long an answer to a command may take: seconds; ``resend`` times it is sent again."""

    over_time: float = 10.0  # mobile media; 5 s for fixed lines
    resend: int = 3
    patience: float = 120.0  # from 9011, or the last data, to 9012
    valid: float = 600.0  # a command whose device does not connect is given up after


@dataclass(frozen=True)
class Address:
    """A host and a port to listen on."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Return ``HOST:PORT`` (``[::1]:9212`` for IPv6). Raises ``BadInput``."""
        host, colon, port = text.rpartition(":")
        if not colon or not port.isdigit() or not 0 <= int(port) <= 65535:
            raise BadInput(f"'{text}' is not HOST:PORT, such as 0.0.0.0:9212")
        return cls(host.strip("[]") or "0.0.0.0", int(port))  # noqa: S104 (asked for)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True)
class Config:
    """One gateway: its name, where it listens, with which certificate, and the limits."""

    name: str = "main"
    plain: Address | None = None
    secure: Address | None = None
    certificate: Path | None = None
    key: Path | None = None
    authority: Path | None = None  # certificates of devices must be signed by it
    limits: Limits = field(default_factory=Limits)
    timing: Timing = field(default_factory=Timing)

    @property
    def listens(self) -> bool:
        """True when there is an address to listen on."""
        return self.plain is not None or self.secure is not None

    def tls(self) -> ssl.SSLContext | None:
        """Return the TLS context, None without a secure address. Raises ``BadInput``."""
        if self.secure is None:
            return None
        if self.certificate is None:
            raise BadInput("TLS needs a certificate: FENHE_GATEWAY_CERTIFICATE and _KEY")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.certificate, self.key)
            if self.authority is not None:
                context.load_verify_locations(self.authority)
                context.verify_mode = ssl.CERT_REQUIRED
        except (OSError, ssl.SSLError) as error:
            raise BadInput(f"the certificate of the gateway can not be used: {error}") from None
        return context


Told = TypeVar("Told", Limits, Timing)


def read(environment: Mapping[str, str]) -> Config:
    """Return the gateway of ``FENHE_GATEWAY`` and its kin; see docs/how-to/run-the-gateway.md.

    Raises ``BadInput`` naming the variable that can not be read.
    """
    return Config(
        name=environment.get("FENHE_GATEWAY_NAME") or "main",
        plain=_address(environment, "FENHE_GATEWAY"),
        secure=_address(environment, "FENHE_GATEWAY_TLS"),
        certificate=_path(environment, "FENHE_GATEWAY_CERTIFICATE"),
        key=_path(environment, "FENHE_GATEWAY_KEY"),
        authority=_path(environment, "FENHE_GATEWAY_AUTHORITY"),
        limits=_numbers(Limits(), environment),
        timing=_numbers(Timing(), environment),
    )


def _address(environment: Mapping[str, str], name: str) -> Address | None:
    return Address.parse(environment[name]) if environment.get(name) else None


def _path(environment: Mapping[str, str], name: str) -> Path | None:
    return Path(environment[name]) if environment.get(name) else None


def _numbers(base: Told, environment: Mapping[str, str]) -> Told:
    """Return ``base`` with what ``FENHE_GATEWAY_<FIELD>`` says otherwise."""
    told: dict[str, float | int] = {}
    for one in fields(base):
        text = environment.get(f"FENHE_GATEWAY_{one.name.upper()}")
        if text:
            told[one.name] = _number(f"FENHE_GATEWAY_{one.name.upper()}", text, one.type)
    return replace(base, **told)  # type: ignore[arg-type]


def _number(name: str, text: str, kind: object) -> float | int:
    try:
        number = int(text) if kind == "int" else float(text)
    except ValueError:
        raise BadInput(f"{name}={text} is not a number") from None
    if number < 1:
        raise BadInput(f"{name}={text} must be at least 1")
    return number
