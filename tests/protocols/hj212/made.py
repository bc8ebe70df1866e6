"""Messages and damage made up by hypothesis."""

from __future__ import annotations

from datetime import datetime

from hypothesis import strategies as st

from fenhe.protocols.hj212 import Message, times
from tests.protocols.hj212.packets import real_frames

WORD = st.text("abcdefgwxyzAB0123456789_", min_size=1, max_size=8)
MN = st.text("0123456789ABCDEF_-", min_size=1, max_size=24)
MOMENT = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 30))
NUMBER = st.one_of(
    st.decimals(-9999, 99999, places=3).map(str),
    st.integers(-999, 10**7).map(str),
    st.sampled_from(["0", "-0.3", "3.82E1", "9999.99", "-9999.99", "1e5", "+4", "0.000"]),
    st.floats(0, 1000).map(repr),
)
TEXT = st.one_of(
    WORD,
    st.sampled_from(
        ["", "a b", "更换滤芯", "x=y", "//清洗管路,完成;量程=0-100//", "////", "//&//"]
    ),
)
KEYS = st.binary(min_size=16, max_size=16)


@st.composite
def factors(draw: st.DrawFn, most: int = 12) -> tuple[tuple[str, str, str], ...]:
    """Factors of a data record: a code with several suffixes, no pair twice."""
    codes = draw(st.lists(st.one_of(WORD, st.from_regex(r"[aw][0-9]{5}", fullmatch=True)),
                          max_size=most, unique=True))  # fmt: skip
    found = []
    for code in codes:
        suffixes = draw(st.lists(st.sampled_from(
            ["Rtd", "Avg", "Min", "Max", "ZsAvg", "Cou", "Flag", "EFlag", "Info", "td"]),
            min_size=1, max_size=4, unique=True))  # fmt: skip
        for suffix in suffixes:
            text = {"Flag": st.sampled_from("NDFMC"), "EFlag": WORD, "Info": TEXT, "td": TEXT}
            found.append((code, suffix, draw(text.get(suffix, NUMBER))))
    return tuple(found)


@st.composite
def messages(draw: st.DrawFn, edition: int | None = None) -> Message:
    """Messages of every edition that have nothing wrong with them."""
    year = edition or draw(st.sampled_from([2005, 2017, 2025]))
    moment = draw(MOMENT)
    numbered = draw(st.booleans())
    total = draw(st.integers(1, 9))
    top = [("DataTime", times.write(moment))]
    top += draw(st.lists(st.tuples(st.sampled_from(["PolId", "CTime", "EndTime"]), WORD),
                         max_size=3))  # fmt: skip
    return Message(
        cn=draw(st.sampled_from(["2011", "2051", "2061", "3020", "1014"])),
        st=draw(st.sampled_from(["31", "32", "22", "51", "91"])),
        mn=draw(MN),
        pw=draw(st.text("0123456789abcXYZ", min_size=6, max_size=6)),
        qn=times.write_qn(moment),
        edition=year,
        answer=draw(st.booleans()),
        pnum=total if numbered else None,
        pno=draw(st.integers(1, total)) if numbered else None,
        rf=year == 2025 and draw(st.booleans()),
        top=tuple(top),
        factors=draw(factors()),
    )


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A real frame with bytes changed, cut out, doubled or put in."""
    data = bytearray(draw(st.sampled_from(real_frames())))
    for _ in range(draw(st.integers(0, 4))):
        where = draw(st.integers(0, max(0, len(data) - 1)))
        how = draw(st.integers(0, 4))
        if how == 0 and data:
            data[where] = draw(st.integers(0, 255))
        elif how == 1:
            del data[where : where + draw(st.integers(1, 9))]
        elif how == 2:
            data[where:where] = data[where : where + draw(st.integers(1, 30))]
        elif how == 3:
            data[where:where] = draw(st.binary(max_size=6))
        else:
            tokens = [b"##", b"&&", b"CP=&&", b";", b",", b"=", b"-", b"//", b"\r\n", b" ",
                      b"##0100QN=", b"PNUM=2;PNO=1;", b"\xc3\xd7", b"Flag=9;"]  # fmt: skip
            data[where:where] = draw(st.sampled_from(tokens))
    return bytes(data)
