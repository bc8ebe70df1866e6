"""What is answered to a frame, and whether it is taken: by edition, device and command. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from hmac import compare_digest

from fenhe.platform.gateway.access import Device
from fenhe.protocols import hj212

# return codes of HJ 212: facts of the table of return codes; 2005 knows the first three only
REFUSED, WRONG_PW, WRONG_MN, CRC_ERROR = 2, 3, 4, 9
KNOWN_IN_2005 = 3
REPLIES = frozenset({"9011", "9012", "9013", "9014"})
NOTICES = frozenset({"1001", "1013", "1014", "2072", "9015"})  # answered by 9013
NO_KEY = frozenset({"no_key", "wrong_key"})  # problems the codec tells of ciphers
QN_RTN = {"unknown_device": WRONG_MN, "password": WRONG_PW, "disabled": REFUSED}
NOTED = frozenset({"crc", "structure", "length", "no_key", *QN_RTN})  # refusals noted in the log


@dataclass(frozen=True, slots=True)
class Ruling:
    """A frame's fate: ``refused`` ("" when taken), and the bytes to answer, if any."""

    refused: str
    answer: bytes | None


def rule(frame: hj212.Frame, device: Device | None) -> Ruling:
    """Say whether a frame is taken and what is answered.

    ``refused`` is one of ``crc structure length no_key unknown_device disabled password``.
    A frame that failed its checksum gets no 9014; a request or notice does get QnRtn 9.
    """
    why = _damage(frame)
    if why:
        return Ruling(why, _on_damage(frame, device, why))
    why = _stranger(frame, device)
    if why:
        return Ruling(why, _refusal(frame, QN_RTN[why]))
    return Ruling("", _taken(frame))


def _damage(frame: hj212.Frame) -> str:
    if frame.ok or frame.verdict == "reject_semantic":
        return ""  # a value that can not be is the record's matter: the frame came well
    if any(one.code in NO_KEY for one in frame.problems):
        return "no_key"
    verdict = frame.verdict.removeprefix("reject_")
    return verdict if verdict in NOTED else "structure"


def _stranger(frame: hj212.Frame, device: Device | None) -> str:
    if device is None:
        return "unknown_device"
    if not device.enabled:
        return "disabled"
    if frame.pw is None and frame.edition == 2005 and frame.cn in REPLIES:
        return ""  # replies of 2005 may carry neither PW nor MN
    return "" if fits(device, (frame.pw or "").encode("utf-8", "replace")) else "password"


def fits(device: Device, told: bytes) -> bool:
    """Say whether a password is the device's; one that has none takes any."""
    return device.password is None or compare_digest(told, device.password.encode())


def _on_damage(frame: hj212.Frame, device: Device | None, why: str) -> bytes | None:
    asks = frame.cn in NOTICES or (frame.cn or "")[:1] in {"1", "3"}
    if why != "crc" or device is None or not asks or not _may_answer(frame):
        return None
    return _refusal(frame, CRC_ERROR)


def _refusal(frame: hj212.Frame, code: int) -> bytes | None:
    if not _may_answer(frame) or frame.cn in REPLIES or not frame.wants_answer:
        return None
    if frame.edition == 2005 and code > KNOWN_IN_2005:
        code = REFUSED
    return _written(frame, "9011", QnRtn=str(code))


def _may_answer(frame: hj212.Frame) -> bool:
    """An answer names the QN it is for: where there is none, nothing can be answered."""
    return bool(frame.qn) and frame.cn is not None


def _taken(frame: hj212.Frame) -> bytes | None:
    if frame.cn in REPLIES or not _may_answer(frame):
        return None
    if frame.cn in NOTICES and (frame.wants_answer or frame.flag is None):
        return _written(frame, "9013")
    return _written(frame, "9014") if frame.wants_answer else None


def _written(frame: hj212.Frame, cn: str, **fields: str) -> bytes | None:
    """Return an answer; None where the frame's own header could not be repeated in one."""
    try:
        return hj212.answer(frame, cn, **fields)
    except hj212.BadMessage:
        return None
