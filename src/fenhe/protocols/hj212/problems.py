"""What can be wrong with a frame, each defect by a code, and the verdict it leads to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

#: Verdicts of a frame, the worst first.
REFUSED = (
    "incomplete",
    "incomplete_set",
    "reject_length",
    "reject_structure",
    "reject_crc",
    "reject_semantic",
)
LENIENT = "accept_lenient"
ACCEPTED = (LENIENT, "accept_resync", "accept_merge", "accept_after_decrypt", "accept")
VERDICTS = (*REFUSED, *ACCEPTED)


class Problem(NamedTuple):
    """One defect: a code of ``CODES`` and what was found."""

    code: str
    text: str

    @property
    def zh(self) -> str:
        """What it is in Chinese, without what was found."""
        return CODES[self.code][2] if self.code in CODES else REMARKS[self.code][1]


# code -> (verdict it leads to, English, Chinese)
CODES: dict[str, tuple[str, str, str]] = {
    "cut_off": ("incomplete", "the frame ends before its length says", "报文不完整"),
    "part_missing": ("incomplete_set", "a sub-packet is missing", "缺少拆分包"),
    "length_wrong": ("reject_length", "the length is not that of the data segment", "长度错误"),
    "no_head": ("reject_structure", "no '##' with four digits begins it", "无包头"),
    "no_area": ("reject_structure", "there is no data area 'CP=&&'", "无数据区"),
    "area_open": ("reject_structure", "the data area is not closed by '&&'", "数据区未闭合"),
    "cn_missing": ("reject_structure", "CN is missing", "缺少命令编码"),
    "crc_wrong": ("reject_crc", "the check sum is wrong", "CRC校验错误"),
    "crc_modbus": ("reject_crc", "the check sum is CRC-16/MODBUS", "误用MODBUS校验"),
    "crc_swapped": ("reject_crc", "the bytes of the check sum are swapped", "CRC高低位颠倒"),
    "crc_of_cipher": ("reject_crc", "the check sum is that of the cipher text", "CRC按密文计算"),
    "wrong_key": ("reject_crc", "no key opens the data area", "密钥不符"),
    "time_impossible": ("reject_semantic", "DataTime is no time", "数据时间无效"),
    "time_missing": ("reject_semantic", "a data record without DataTime", "缺少数据时间"),
    "no_key": ("accept_after_decrypt", "the data area is encrypted and no key is given", "无密钥"),
    "skipped": ("accept_resync", "bytes before the frame belong to none", "帧前有无效字节"),
    "space": (LENIENT, "spaces round a name or a value", "多余空格"),
    "separator_missing": (LENIENT, "no ';' before 'CP='", "缺少分隔符"),
    "comma_in_header": (LENIENT, "a comma between fields of the header", "包头误用逗号"),
    "field_missing": (LENIENT, "a field of the header is missing", "包头缺少字段"),
    "field_empty": (LENIENT, "a field of the header is empty", "包头字段为空"),
    "field_twice": (LENIENT, "a field of the header stands twice", "包头字段重复"),
    "field_unknown": (LENIENT, "the header has a field of no edition", "包头有未知字段"),
    "field_spelling": (LENIENT, "a field of the header is spelled otherwise", "包头字段拼写"),
    "qn_form": (LENIENT, "QN is no time of 17 digits", "QN格式错误"),
    "flag_form": (LENIENT, "Flag is no number of 0 to 255", "Flag格式错误"),
    "version_unknown": (LENIENT, "the version in Flag is of no edition", "Flag版本未知"),
    "st_unknown": (LENIENT, "ST is in no table", "系统编码未知"),
    "cn_unknown": (LENIENT, "CN is in no table", "命令编码未知"),
    "rf_undefined": (LENIENT, "RF is not 1, the only value there is", "RF取值未定义"),
    "packet_order": (LENIENT, "PNO stands before PNUM", "PNO在PNUM之前"),
    "packet_numbers_missing": (LENIENT, "Flag says packet numbers, none given", "缺少包号"),
    "packet_numbers_wrong": (LENIENT, "PNUM and PNO do not fit", "包号错误"),
    "packet_bit_missing": (LENIENT, "packet numbers that Flag does not tell of", "Flag未示包号"),
    "time_digits": (LENIENT, "DataTime has milliseconds", "数据时间含毫秒"),
    "item_empty": (LENIENT, "an empty item", "空项"),
    "item_without_value": (LENIENT, "an item without '='", "项无等号"),
    "code_missing": (LENIENT, "an item without code or suffix round '-'", "缺少因子编码"),
    "code_mixed": (LENIENT, "two codes within one item", "同一项内编码不一"),
    "value_twice": (LENIENT, "a code and suffix stand twice", "因子重复"),
    "value_no_number": (LENIENT, "a value is no number", "数值无效"),
    "log_open": (LENIENT, "a text begun by '//' is not closed", "日志未闭合"),
    "charset_gbk": (LENIENT, "the text is GBK, not UTF-8", "字符集为GBK"),
    "charset_unknown": (LENIENT, "the text is neither UTF-8 nor GBK", "字符集未知"),
    "segment_long": (LENIENT, "the data segment is longer than allowed", "数据段过长"),
    "area_long": (LENIENT, "the data area is longer than allowed", "数据区过长"),
    "tail_missing": (LENIENT, "CR LF is missing at the end", "缺少包尾"),
    "tail_odd": (LENIENT, "the end is not CR LF", "包尾错误"),
    "bytes_after": (LENIENT, "bytes after the check sum", "校验后有多余字节"),
    "cipher_printed": (LENIENT, "the cipher text is printed as {0x…}", "密文以文本发送"),
    "cipher_unexpected": (LENIENT, "encrypted, though Flag is of another edition", "非本版加密"),
    "part_differs": (LENIENT, "a sub-packet came again with other content", "拆分包内容不一"),
}

# worth knowing, no deviation: the editions' own examples do so, or stations by their protocols
REMARKS: dict[str, tuple[str, str]] = {
    "trailing_separator": ("a ';' before the closing '&&'", "末尾分隔符"),
    "comma_between": ("a comma between items that are no factors", "项间逗号"),
    "station_numbers": ("a station's Flag says packet numbers, none given", "站点包号缺省"),
    "time_digits": ("DataTime has milliseconds, as loggers of 2005 send it", "数据时间含毫秒"),
}


def problem(code: str, found: str = "") -> Problem:
    """Return a problem with its English text and what was found."""
    text = CODES[code][1]
    return Problem(code, f"{text}: {found}" if found else text)


def remark(code: str) -> Problem:
    """Return a remark: a ``Problem`` that changes no verdict."""
    return Problem(code, REMARKS[code][0])


def verdict(problems: Iterable[Problem], encrypted: bool) -> str:
    """Return the verdict of a frame with these problems."""
    found = {CODES[p.code][0] for p in problems}
    for one in REFUSED:
        if one in found:
            return one
    if "accept_after_decrypt" in found:
        return "accept_after_decrypt"
    if "accept_resync" in found:
        return "accept_resync"
    if found:
        return LENIENT
    return "accept_after_decrypt" if encrypted else "accept"
