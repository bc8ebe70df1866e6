"""What a simulated logger does when the host asks: every command of the tables it can carry out.

9011 first, then the data, then 9012, as the standard has it; a notice gets 9013.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from fenhe.simulator.network import wire
from fenhe.simulator.network.wire import Frame, Telegram, Top, read_time, time_text

if TYPE_CHECKING:
    from fenhe.simulator.network.logger import Logger

Change = Callable[["Logger"], None]
DONE, FAILED, BAD_CONDITION, NOTHING = 1, 2, 3, 100
READY, REFUSED, WRONG_PW, WRONG_MN, WRONG_CN, WRONG_CRC = 1, 2, 3, 4, 8, 9
MOST_RECORDS = 20_000
HISTORY = frozenset({"2051", "2061", "2031", "2041"})
NOTICES = frozenset({"2012", "2022"})
#: Commands that set what a later command tells; and the commands that tell it.
KEPT_SETTING = frozenset({"1001", "1022", "1032", "1042", "3016"})
KEPT_TELLING = {"1021": "1022", "1031": "1032", "1041": "1042", "3017": "3016"}
DEFAULTS: dict[str, tuple[Top, ...]] = {
    "1031": (("AlarmTarget", "0"),),
    "1041": (("ReportTime", "0000"),),
    "3017": (("CstartTime", "000000"), ("CTime", "2")),
}
ACTIONS = frozenset({"3011", "3012", "3013", "3014", "3022", "3024"})
MINUTES = frozenset({1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30})
SHORTEST_REALTIME, LONGEST_REALTIME = 30, 3600


def heard(logger: Logger, frame: Frame, now: float) -> None:
    """Answer a request or notice of the host."""
    cn = frame.cn or ""
    refusal = _refusal(logger, frame)
    if refusal:
        logger.balance.refused[cn] += 1
        if frame.wants_answer or frame.crc_ok is False:
            logger.answer(wire.answer(frame, "9011", QnRtn=refusal))
        return
    logger.balance.answered[cn] += 1
    if cn in NOTICES:
        _switch(logger, cn, on=False)
        logger.answer(wire.answer(frame, "9013"))
        return
    logger.answer(wire.answer(frame, "9011", QnRtn=READY))
    result, renew = _carry_out(logger, frame, now)
    logger.answer(wire.answer(frame, "9012", ExeRtn=result), renew)


def _refusal(logger: Logger, frame: Frame) -> int:
    """Return the QnRtn of a refusal, 0 for none; 2005 knows but three of them."""
    legacy = logger.speaker.edition == 2005
    if frame.crc_ok is False:
        return REFUSED if legacy else WRONG_CRC
    if frame.mn != logger.speaker.mn:
        return REFUSED if legacy else WRONG_MN
    if frame.pw != logger.speaker.password:
        return WRONG_PW
    if frame.cn not in COMMANDS and frame.cn not in NOTICES:
        return REFUSED if legacy else WRONG_CN
    return 0


def _carry_out(logger: Logger, frame: Frame, now: float) -> tuple[int, Change | None]:
    cn = frame.cn or ""
    command = COMMANDS[cn]
    return command(logger, frame, now)


def _reply(logger: Logger, frame: Frame, top: tuple[Top, ...]) -> None:
    logger.answer(wire.reply(logger.speaker, frame, top))


def _done(logger: Logger, frame: Frame, now: float) -> tuple[int, Change | None]:
    return DONE, None


def _timeouts(logger: Logger, frame: Frame, now: float) -> tuple[int, Change | None]:
    over, count = _number(frame, "OverTime"), _number(frame, "ReCount")
    if not (0 < over <= 99 and 0 < count <= 99):
        return BAD_CONDITION, None
    logger.settings.over_time, logger.settings.retries = float(over), count
    return DONE, None


def _clock(logger: Logger, frame: Frame, now: float) -> tuple[int, Change | None]:
    pollutant = frame.cp.get("PolId")
    first: tuple[Top, ...] = (("PolId", pollutant),) if pollutant else ()
    _reply(logger, frame, (*first, ("SystemTime", time_text(now + logger.ahead(now)))))
    return DONE, None


def _set_clock(logger: Logger, frame: Frame, now: float) -> tuple[int, Change | None]:
    moment = read_time(frame.cp.get("SystemTime"))
    if moment is None:
        return BAD_CONDITION, None
    if not frame.cp.get("PolId"):  # the analyser's own clock shows nowhere
        logger.set_clock(moment - now, now)
    return DONE, None


def _new_key(logger: Logger, frame: Frame, now: float) -> tuple[int, Change | None]:
    """1014: the new key holds for what is said after the result was sent."""
    text = frame.cp.get("NewSK") or ""
    try:
        key = bytes.fromhex(text) if len(text) == 32 else text.encode("latin-1")
    except ValueError:
        key = b""
    if len(key) != 16 or logger.speaker.edition != 2025:
        return BAD_CONDITION, None

    def renew(one: Logger) -> None:
        one.speaker = replace(one.speaker, key=key)
        one.key_since, one.key_asked = now, False

    return DONE, renew


def _interval(logger: Logger, frame: Frame, now: float) -> tuple[int, Change | None]:
    name = "RtdInterval" if frame.cn == "1061" else "MinInterval"
    told = logger.settings.realtime if frame.cn == "1061" else logger.settings.minute
    _reply(logger, frame, ((name, str(told)),))
    return DONE, None


def _set_interval(logger: Logger, frame: Frame, now: float) -> tuple[int, Change | None]:
    if frame.cn == "1062":
        seconds = _number(frame, "RtdInterval")
        # whole shares of an hour alone: the records of an hour are made together
        if not SHORTEST_REALTIME <= seconds <= LONGEST_REALTIME or LONGEST_REALTIME % seconds:
            return BAD_CONDITION, None
        logger.settings.realtime = seconds
        return DONE, None
    minutes = _number(frame, "MinInterval")
    if minutes not in MINUTES:
        return BAD_CONDITION, None
    logger.settings.minute = minutes
    return DONE, None


def _password(logger: Logger, frame: Frame, now: float) -> tuple[int, Change | None]:
    text = frame.cp.get("NewPW") or frame.cp.get("PW") or ""
    if len(text) != 6 or not text.isalnum():
        return BAD_CONDITION, None

    def renew(one: Logger) -> None:
        one.speaker = replace(one.speaker, password=text)

    return DONE, renew


def _switch_on(logger: Logger, frame: Frame, now: float) -> tuple[int, Change | None]:
    _switch(logger, frame.cn or "", on=True)
    return DONE, None


def _switch(logger: Logger, cn: str, *, on: bool) -> None:
    if cn in {"2011", "2012"}:
        logger.settings.realtime_on = on
    else:
        logger.settings.state_on = on


def _history(logger: Logger, frame: Frame, now: float) -> tuple[int, Change | None]:
    """Records of the memory whose periods begin in the span, both ends included."""
    cn = frame.cn or ""
    begin, end = _span(logger, frame)
    if begin is None or end is None or begin > end:
        return BAD_CONDITION, None
    dues = logger.agenda.of_span(cn, begin, end, logger.settings)
    if len(dues) > MOST_RECORDS:
        return BAD_CONDITION, None
    told = 0
    for due in dues:
        by_system = logger.tellers[due.site].factors(due, logger.settings.period(cn))
        for st, factors in by_system.items():
            if st == frame.st:
                top = (("DataTime", time_text(due.start)),)
                logger.say(Telegram(st, cn, logger.qn(now), top, factors))
                told += 1
    return (DONE if told else NOTHING), None


def _analyses(logger: Logger, frame: Frame, now: float) -> tuple[int, Change | None]:
    begin, end = _span(logger, frame)
    if begin is None or end is None or begin > end:
        return BAD_CONDITION, None
    told = 0
    for teller in logger.tellers:
        for moment, factors in teller.analyses(begin, min(end, int(now))):
            if factors:
                top = (("DataTime", moment),)
                logger.say(Telegram(frame.st or "32", "2013", logger.qn(now), top, factors))
                told += 1
    return (DONE if told else NOTHING), None


def _checks(logger: Logger, frame: Frame, now: float) -> tuple[int, Change | None]:
    """2062 of 2025: the daily check with a standard, as each analyser saw it."""
    begin, end = _span(logger, frame)
    if begin is None or end is None or begin > end:
        return BAD_CONDITION, None
    days = logger.agenda.of_span("2031", begin, min(end, int(now)), logger.settings)
    told = 0
    for due in days:
        site = logger.device.sites[due.site]
        if site.outlet.medium != "water":
            continue
        factors = tuple(
            (one.item, suffix, text)
            for one in site.outlet.pollutants
            for suffix, text in (
                ("SampleRd", f"{one.top / 2 * 1.01:.{one.decimals}f}"),
                ("StandardValue", f"{one.top / 2:.{one.decimals}f}"),
                ("ResultType", "1"),
            )
        )
        top = (("DataTime", time_text(due.start)),)
        logger.say(Telegram("32", "2062", logger.qn(now), top, factors))
        told += 1
    return (DONE if told else NOTHING), None


def _keep(logger: Logger, frame: Frame, now: float) -> tuple[int, Change | None]:
    for name, text in _given(frame):
        logger.parameters[f"{frame.cn}:{name}"] = text
    return DONE, None


def _tell_kept(logger: Logger, frame: Frame, now: float) -> tuple[int, Change | None]:
    kept = f"{KEPT_TELLING[frame.cn or '']}:"
    pollutant = frame.cp.get("PolId")
    first: tuple[Top, ...] = (("PolId", pollutant),) if pollutant else ()
    told = tuple(
        (name.removeprefix(kept), text)
        for name, text in logger.parameters.items()
        if name.startswith(kept) and not name.endswith("PolId")
    )
    told = told or DEFAULTS.get(frame.cn or "", ())
    if not told:
        return NOTHING, None
    _reply(logger, frame, (*first, *told))
    return DONE, None


def _minutes_to_result(logger: Logger, frame: Frame, now: float) -> tuple[int, Change | None]:
    _reply(logger, frame, (("PolId", frame.cp.get("PolId") or ""), ("Stime", "40")))
    return DONE, None


def _serial(logger: Logger, frame: Frame, now: float) -> tuple[int, Change | None]:
    pollutant = frame.cp.get("PolId") or ""
    if not pollutant:
        return BAD_CONDITION, None
    site = logger.device.sites[0]
    number = f"{site.noise_key('serial', pollutant):024X}"
    _reply(logger, frame, (("PolId", pollutant), (f"{pollutant}-SN", number)))
    return DONE, None


def _sampled(logger: Logger, frame: Frame, now: float) -> tuple[int, Change | None]:
    _reply(logger, frame, (("DataTime", time_text(now)), ("VaseNo", "1")))
    return DONE, None


def _information(logger: Logger, frame: Frame, now: float) -> tuple[int, Change | None]:
    """3020: load, state, range, slope of an analyser; what is set by 3021 is told as set."""
    pollutant, info = frame.cp.get("PolId") or "", frame.cp.get("InfoId") or ""
    text = logger.parameters.get(f"{pollutant}:{info}") or _known(logger, pollutant, info, now)
    if not text:
        return NOTHING, None
    first: tuple[Top, ...] = (("PolId", pollutant),) if pollutant else ()
    top = (("DataTime", time_text(now)), *first, (f"{info}-Info", text))
    _reply(logger, frame, top)
    return DONE, None


def _known(logger: Logger, pollutant: str, info: str, now: float) -> str:
    for teller in logger.tellers:
        site = teller.site
        if info in {"i33400", "i22001", "i12001", "i22003"}:
            return teller.information(info, int(now))
        for one in site.outlet.pollutants:
            if one.item == pollutant and info == "i13001":
                return f"{one.top:g}"
            if one.item == pollutant and info == "i13008":
                return f"{teller.slope(pollutant, int(now)):.3f}"
            if one.item == pollutant and info == "i13007":
                return "0.000"
    return ""


def _set_information(logger: Logger, frame: Frame, now: float) -> tuple[int, Change | None]:
    pollutant, info = frame.cp.get("PolId") or "", frame.cp.get("InfoId") or ""
    text = dict(_given(frame)).get(f"{info}-Info")
    if not info or text is None:
        return BAD_CONDITION, None
    logger.parameters[f"{pollutant}:{info}"] = text
    return DONE, None


def _span(logger: Logger, frame: Frame) -> tuple[int | None, int | None]:
    begin, end = read_time(frame.cp.get("BeginTime")), read_time(frame.cp.get("EndTime"))
    oldest = int(logger.start) - logger.memory_days * 86_400
    return (None if begin is None else max(begin, oldest)), end


def _given(frame: Frame) -> list[tuple[str, str]]:
    named = [(f"{code}-{suffix}", text) for code, suffix, text in frame.cp.factors]
    return [*frame.cp.top, *named]


def _number(frame: Frame, name: str) -> int:
    text = frame.cp.get(name) or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 0


Carried = Callable[["Logger", Frame, float], tuple[int, Change | None]]
COMMANDS: dict[str, Carried] = {
    "1000": _timeouts,
    "1011": _clock,
    "1012": _set_clock,
    "1014": _new_key,
    "1061": _interval,
    "1062": _set_interval,
    "1063": _interval,
    "1064": _set_interval,
    "1072": _password,
    "2011": _switch_on,
    "2021": _switch_on,
    "2013": _analyses,
    "2062": _checks,
    "3015": _sampled,
    "3018": _minutes_to_result,
    "3019": _serial,
    "3020": _information,
    "3021": _set_information,
    **dict.fromkeys(HISTORY, _history),
    **dict.fromkeys(KEPT_SETTING, _keep),
    **dict.fromkeys(KEPT_TELLING, _tell_kept),
    **dict.fromkeys(ACTIONS, _done),
}
