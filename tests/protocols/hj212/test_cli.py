"""``fenhe hj212``: JSON lines out of frames and frames out of JSON lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fenhe.base.errors import BadInput
from fenhe.cli.hj212 import command
from fenhe.cli.main import VERBS
from tests.protocols.hj212.packets import packet

KEY = "30" * 16
FIELDS = {
    "cn": "2011", "st": "31", "mn": "A1", "pw": "123456", "qn": "20260301101500123",
    "edition": 2025, "answer": True,
    "cp": {"top": [["DataTime", "20260301101500"]], "factors": [["a21026", "Rtd", "21.4"]]},
}  # fmt: skip
KEYS_OF_A_FRAME = [
    "verdict", "ok", "edition", "flag_version", "crc_ok", "length_ok", "problems", "remarks",
    "header", "qn", "st", "cn", "mn", "flag", "pnum", "pno", "rf", "cp",
]  # fmt: skip


def run(*arguments: str | Path, given: bytes = b"") -> Result:
    return CliRunner().invoke(command, [str(part) for part in arguments], input=given)


def lines(done: Result) -> list[dict[str, object]]:
    assert done.exception is None, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def written(*objects: object) -> bytes:
    return "".join(json.dumps(one) + "\n" for one in objects).encode()


def test_the_verb_is_there() -> None:
    assert VERBS["hj212"][0] == "fenhe.cli.hj212"
    assert set(command.commands) == {"decode", "encode"}


def test_one_object_a_frame_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "frames.bin"
    path.write_bytes(packet("P003").data + packet("P109").data)
    done = run("decode", path)
    found = lines(done)
    assert [list(one) for one in found] == [KEYS_OF_A_FRAME] * 2
    assert [(one["verdict"], one["ok"], one["crc_ok"]) for one in found] == [
        ("accept", True, True), ("reject_crc", False, False),
    ]  # fmt: skip
    assert found[0]["edition"] == 2025
    assert found[0]["rf"] is None
    assert "2 frames, 1 accept, 1 reject_crc; as a whole reject_crc" in done.stderr


def test_passwords_are_masked_unless_asked_for() -> None:
    data = packet("P015").data + packet("P053").data
    (new, old) = lines(run("decode", "-", given=data))
    assert new["header"]["PW"] == "******"  # type: ignore[index]
    assert new["cp"]["top"] == [["NewPW", "******"]]  # type: ignore[index]
    assert old["cp"]["top"] == [["PW", "******"]]  # type: ignore[index]
    shown = run("decode", "-", "--show-secrets", given=data)
    assert '["NewPW", "654321"]' in shown.stdout
    assert "******" not in shown.stdout


def test_a_new_key_is_masked() -> None:
    order = FIELDS | {"cn": "1014", "cp": {"top": [["SKCreateTime", "1"], ["NewSK", "k" * 16]]}}
    data = run("encode", "-", given=written(order)).stdout_bytes
    assert b"NewSK=kkkkkkkkkkkkkkkk&&" in data
    (line,) = lines(run("decode", "-", given=data))
    assert line["cp"]["top"] == [["SKCreateTime", "1"], ["NewSK", "******"]]  # type: ignore[index]


def test_merged_sub_packets_say_how_many_and_which_are_missing() -> None:
    (whole,) = lines(run("decode", "-", "--merge", given=packet("P124").data))
    assert (whole["verdict"], whole["parts"], whole["missing"]) == ("accept_merge", 2, [])
    codes = {row[0] for row in whole["cp"]["factors"]}  # type: ignore[index]
    assert codes == {"a21026", "a21002"}
    (half,) = lines(run("decode", "-", "--merge", given=packet("P052").data))
    assert (half["verdict"], half["ok"], half["missing"]) == ("incomplete_set", False, [1])


def test_strict_exits_with_1() -> None:
    assert run("decode", "-", "--strict", given=packet("P003").data).exit_code == 0
    done = run("decode", "-", "--strict", given=packet("P010").data)
    assert done.exit_code == 1
    (line,) = [json.loads(one) for one in done.stdout.splitlines()]
    assert (line["verdict"], line["ok"]) == ("reject_structure", False)
    assert [one["code"] for one in line["problems"]] == ["space"]


def test_a_key_opens() -> None:
    (closed,) = lines(run("decode", "-", given=packet("P005").data))
    assert (closed["crc_ok"], closed["cp"], closed["ok"]) == (None, {}, False)
    (opened,) = lines(run("decode", "-", "--key", KEY, given=packet("P005").data))
    assert (opened["crc_ok"], opened["ok"]) == (True, True)
    assert opened["cp"] == packet("P005").cp


@pytest.mark.parametrize("name", ["P001", "P003", "P056", "P097", "P121", "P128"])
def test_there_and_back(name: str) -> None:
    shown = run("decode", "-", "--show-secrets", given=packet(name).data)
    assert run("encode", "-", given=shown.stdout_bytes).stdout_bytes == packet(name).data


def test_back_with_a_key() -> None:
    shown = run("decode", "-", "--show-secrets", "--key", KEY, given=packet("P005").data)
    done = run("encode", "-", "--key", KEY, given=shown.stdout_bytes)
    assert done.stdout_bytes == packet("P005").data


def test_fields_alone_make_a_frame(tmp_path: Path) -> None:
    path = tmp_path / "out.bin"
    assert run("encode", "-", "-o", path, given=written(FIELDS)).exit_code == 0
    assert path.read_bytes()[6:-6] == (
        b"QN=20260301101500123;ST=31;CN=2011;PW=123456;MN=A1;Flag=9;"
        b"CP=&&DataTime=20260301101500;a21026-Rtd=21.4&&"
    )


def test_an_old_logger_leaves_out_flag() -> None:
    old = {
        "cn": "2051",
        "st": "32",
        "mn": "A",
        "pw": "123456",
        "cp": {"factors": [["B01", "Cou", "1"]]},
    }
    data = run("encode", "-", given=written(old)).stdout_bytes
    assert data[6:-6] == b"ST=32;CN=2051;PW=123456;MN=A;CP=&&B01-Cou=1&&"


def test_split() -> None:
    factors = [[f"a{n:05d}", "Rtd", "1.234"] for n in range(120)]
    long = FIELDS | {"cp": {"top": [["DataTime", "20260301101500"]], "factors": factors}}
    refused = run("encode", "-", given=written(long))
    assert isinstance(refused.exception, BadInput)
    assert "split the message" in str(refused.exception)
    data = run("encode", "-", "--split", given=written(long)).stdout_bytes
    (whole,) = lines(run("decode", "-", "--merge", "--strict", given=data))
    assert whole["cp"]["factors"] == factors  # type: ignore[index]
    assert whole["parts"] == 3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (b"{", "-, row 1: not JSON"),
        (b"\n[1]\n", "-, row 2: not a JSON object"),
        (written({"st": "31"}), "row 1: CN is missing"),
        (written(FIELDS | {"pw": "******"}), "PW is masked"),
        (written(FIELDS | {"header": {"XX": "1"}}), "'XX' is no field"),
        (written(FIELDS | {"flag": "x"}), "Flag must be a number"),
        (written(FIELDS | {"cp": {"top": [["a"]]}}), "a row of 'top' has 2 texts"),
        (written(FIELDS | {"cp": {"top": [["a", 1.5]]}}), "a must be a text"),
        (written(FIELDS | {"edition": 2011}), "row 1: there is no edition of 2011"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_what_is_wrong_is_named_by_its_line(given: bytes, message: str) -> None:
    done = run("encode", "-", given=given)
    assert isinstance(done.exception, BadInput)
    assert message in str(done.exception)


def test_two_keys_do_not_encode() -> None:
    done = run("encode", "-", "--key", KEY, "--key", KEY, given=written(FIELDS))
    assert isinstance(done.exception, BadInput)


def test_no_such_file_and_no_frame(tmp_path: Path) -> None:
    assert isinstance(run("decode", tmp_path / "none").exception, BadInput)
    done = run("decode", "-", given=b"")
    assert (done.stdout, done.exit_code) == ("", 0)
    (garbage,) = lines(run("decode", "-", given=b"GET / HTTP/1.1\r\n"))
    assert (garbage["verdict"], garbage["header"]) == ("reject_structure", {})
