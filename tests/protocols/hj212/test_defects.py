"""Each known defect is accepted or refused as it should be, and named by its code."""

from __future__ import annotations

import pytest

from fenhe.protocols.hj212 import BadFrame, cipher, crc, decode
from fenhe.protocols.hj212.problems import CODES, REMARKS
from tests.protocols.hj212.packets import packet

HEAD = "QN=20260301101500123;ST=31;CN=2011;PW=123456;MN=A1;Flag=5;"
AREA = "DataTime=20260301101500;a21026-Rtd=21.4,a21026-Flag=N"
KEY = b"0" * 16


def framed(segment: bytes | str, tail: bytes = b"\r\n", check: bytes | None = None) -> bytes:
    data = segment.encode() if isinstance(segment, str) else segment
    return b"##%04d" % len(data) + data + (check or b"%04X" % crc(data)) + tail


def frame(head: str = HEAD, area: str | bytes = AREA) -> bytes:
    middle = area.encode() if isinstance(area, str) else area
    return framed(head.encode() + b"CP=&&" + middle + b"&&")


def headed(old: str, new: str) -> bytes:
    assert old in HEAD
    return frame(HEAD.replace(old, new))


def sealed(flag: str) -> bytes:
    plain = frame(HEAD.replace("Flag=5", f"Flag={flag}"))
    start, end = plain.index(b"CP=&&") + 5, len(plain) - 8
    return plain[:start] + cipher.encrypt(plain[start:end], KEY) + plain[end:]


SWAPPED = framed(HEAD + "CP=&&1=2&&", check=b"%04X" % int.from_bytes(
    crc(f"{HEAD}CP=&&1=2&&".encode()).to_bytes(2, "little"), "big"))  # fmt: skip
LONG = ";".join(f"a{n:05d}-Rtd=1.234" for n in range(58))

DEFECTS: dict[str, bytes] = {
    "cut_off": frame()[:60],
    "length_wrong": b"##0099" + frame()[6:],
    "no_head": b"#0099" + frame()[6:],
    "no_area": framed(HEAD),
    "area_open": framed(f"{HEAD}CP=&&{AREA}"),
    "cn_missing": headed("CN=2011;", ""),
    "crc_wrong": frame()[:-6] + b"0000\r\n",
    "crc_modbus": packet("P105").data,
    "crc_swapped": SWAPPED,
    "crc_of_cipher": packet("P142").data,
    "wrong_key": sealed("9"),
    "time_impossible": frame(area="DataTime=20260230101500;a21026-Rtd=1"),
    "time_missing": frame(area="a21026-Rtd=1"),
    "no_key": sealed("9"),
    "space": frame(area=AREA.replace("=N", "= N")),
    "separator_missing": frame(HEAD[:-1]),
    "comma_in_header": headed("123;ST", "123,ST"),
    "field_missing": headed("PW=123456;", ""),
    "field_empty": headed("MN=A1", "MN="),
    "field_twice": headed("ST=31;", "ST=31;ST=32;"),
    "field_unknown": headed("ST=31;", "ST=31;XX=1;"),
    "field_spelling": headed("Flag=", "FLAG="),
    "qn_form": headed("20260301101500123", "1617936069734"),
    "flag_form": headed("Flag=5", "Flag=x"),
    "version_unknown": headed("Flag=5", "Flag=13"),
    "st_unknown": headed("ST=31", "ST=49"),
    "cn_unknown": headed("CN=2011", "CN=9021"),
    "rf_undefined": headed("Flag=5;", "Flag=9;RF=0;"),
    "packet_order": headed("Flag=5;", "Flag=7;PNO=1;PNUM=2;"),
    "packet_numbers_missing": headed("Flag=5;", "Flag=7;"),
    "packet_numbers_wrong": headed("Flag=5;", "Flag=7;PNUM=2;PNO=3;"),
    "packet_bit_missing": headed("Flag=5;", "Flag=5;PNUM=2;PNO=1;"),
    "time_digits": frame(area="DataTime=20260301101500123"),
    "item_empty": frame(area=AREA.replace(";", ";;")),
    "item_without_value": frame(area=AREA + ";lost"),
    "code_missing": frame(area=AREA + ";-Rtd=1"),
    "code_mixed": frame(area=AREA + ",a21002-Rtd=1"),
    "value_twice": frame(area=AREA + ",a21026-Flag=N"),
    "value_no_number": frame(area=AREA.replace("21.4", "--")),
    "log_open": frame(area=AREA + ";i11001-Info=//open"),
    "charset_gbk": frame(area=f"{AREA};i11001-Info=//更换滤芯//".encode("gb18030")),
    "charset_unknown": frame(area=AREA.encode() + b";i11001-Info=//\xff\xfe\xff//"),
    "segment_long": frame(area=f"{AREA};{LONG}"),
    "area_long": frame(area=f"{AREA};{LONG}"),
    "tail_missing": frame()[:-2],
    "tail_odd": frame()[:-2] + b"\n",
    "bytes_after": frame() + b"more",
    "cipher_printed": packet("P143").data,
    "cipher_unexpected": sealed("5"),
}
#: Codes of more than one frame, met elsewhere.
OF_SEVERAL = {"part_missing", "part_differs", "skipped"}
WITH_KEY = {"crc_of_cipher", "cipher_unexpected", "cipher_printed"}


def read(code: str, data: bytes, strict: bool = False):
    keys = [b"1" * 16] if code == "wrong_key" else [KEY] if code in WITH_KEY else []
    return decode(data, keys=keys, strict=strict)


def test_no_code_is_without_a_case() -> None:
    assert set(DEFECTS) == set(CODES) - OF_SEVERAL
    assert decode(frame(), strict=True).verdict == "accept"


@pytest.mark.parametrize("code", DEFECTS)
def test_the_defect_is_named_and_leads_where_it_should(code: str) -> None:
    found = read(code, DEFECTS[code])
    assert code in [one.code for one in found.problems]
    assert found.verdict == CODES[code][0]
    assert found.ok == (found.verdict.startswith("accept") and code != "no_key")
    with pytest.raises(BadFrame, match=code):
        read(code, DEFECTS[code], strict=True)


@pytest.mark.parametrize("code", [c for c, entry in CODES.items() if entry[0] == "accept_lenient"
                                  and c not in OF_SEVERAL])  # fmt: skip
def test_a_lenient_reading_loses_no_value(code: str) -> None:
    found = read(code, DEFECTS[code])
    assert found.crc_ok
    assert found.length_ok
    if code not in ("value_no_number", "time_digits", "cipher_printed"):
        assert ("a21026", "Rtd", "21.4") in found.cp.factors


REMARKED = {
    "trailing_separator": frame(area=AREA + ";"),
    "comma_between": frame(HEAD.replace("2011", "2061"), "BeginTime=1,EndTime=2"),
    "station_numbers": frame(HEAD.replace("ST=31", "ST=22").replace("Flag=5", "Flag=7")),
    "time_digits": frame("ST=31;CN=2011;PW=123456;MN=A1;", "DataTime=20260301101500123"),
}


def test_every_remark_has_a_case() -> None:
    assert set(REMARKED) == set(REMARKS)


@pytest.mark.parametrize("code", REMARKED)
def test_a_remark_changes_no_verdict(code: str) -> None:
    found = decode(REMARKED[code], strict=True)
    assert found.verdict == "accept"
    assert [one.code for one in found.remarks] == [code]
    assert found.remarks[0].zh


def test_text_of_another_charset_is_read() -> None:
    found = decode(DEFECTS["charset_gbk"])
    assert found.cp.factors[-1] == ("i11001", "Info", "//更换滤芯//")
    unknown = decode(DEFECTS["charset_unknown"])
    assert unknown.cp.factors[-1] == ("i11001", "Info", r"//\xff\xfe\xff//")


def test_what_is_repaired() -> None:
    found = decode(DEFECTS["field_spelling"])
    assert (found.header["FLAG"], found.flag_text, found.flag) == ("5", "5", 5)
    assert decode(DEFECTS["field_twice"]).st == "31"
    assert decode(DEFECTS["space"]).cp.factors[-1] == ("a21026", "Flag", "N")
    spaced = decode(headed("MN=A1", "MN= A1 "))
    assert (spaced.header["MN"], spaced.mn) == (" A1 ", "A1")


def test_a_letter_is_a_value_where_working_conditions_are_sent() -> None:
    head = HEAD.replace("ST=31", "ST=45").replace("Flag=5", "Flag=9")
    found = decode(frame(head, "DataTime=20260301101500;p99101-Rtd=K"), strict=True)
    assert (found.edition, found.cp.factors) == (2025, (("p99101", "Rtd", "K"),))
