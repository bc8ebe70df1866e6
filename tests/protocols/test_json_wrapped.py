"""An array that a program wraps in an object is read like the array itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fenhe.base.errors import BadInput
from fenhe.protocols.tables.reader import open_table

ROWS = [{"a": 1.50, "b": "x"}, {"a": "2.0", "b": None}]


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "a.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("whole", [ROWS, {"rows": ROWS}, {"feed": "f", "rows": ROWS, "n": 1}])
def test_the_array_is_found(tmp_path: Path, whole: object, indent: int | None) -> None:
    batch = open_table(write(tmp_path, json.dumps(whole, indent=indent))).read()
    assert batch.frame.to_dicts() == [{"a": "1.5", "b": "x"}, {"a": "2.0", "b": None}]
    assert batch.rows.to_list() == [1, 2]


def test_one_object_a_line_stays_lines(tmp_path: Path) -> None:
    batch = open_table(write(tmp_path, '\n{"a": 1}\n\n{"a": 2}\n')).read()
    assert batch.rows.to_list() == [2, 4]
    assert open_table(write(tmp_path, '{"a": 1}')).read().frame.height == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": [], "b": []}', "the object has 2 arrays"),
        ('{\n"a": 1\n}', "the object has 0 arrays"),
        ('{"a": [{"b": 1}', "malformed"),
        ('{"a": [1]}', "the record is no object"),
        (b'{"a": [{"b": "\\ud800"}]}', "half a character"),
        (b'[{"b": "\xff"}]', "is not UTF-8"),
    ],
)
def test_what_can_not_be_read_says_why(tmp_path: Path, text: str | bytes, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        open_table(write(tmp_path, text)).read()
