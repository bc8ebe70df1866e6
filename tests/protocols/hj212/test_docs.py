"""The pages say what the codec does."""

from __future__ import annotations

import json
import re
from pathlib import Path

from fenhe.protocols import hj212
from fenhe.protocols.hj212 import jsonl
from fenhe.protocols.hj212.problems import CODES, REMARKS, VERDICTS

DOCS = Path(__file__).parents[3] / "docs"
REFERENCE = (DOCS / "reference" / "hj212.md").read_text(encoding="utf-8")
HOW_TO = (DOCS / "how-to" / "decode-hj212.md").read_text(encoding="utf-8")


def test_every_code_stands_in_the_reference() -> None:
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", REFERENCE, flags=re.MULTILINE)
    told = dict(rows)
    for code, (verdict, english, chinese) in CODES.items():
        assert told.keys() >= {code}
        assert f"| `{code}` | `{verdict}` | {english} | {chinese} |" in REFERENCE
    for code, (english, chinese) in REMARKS.items():
        assert f"| `{code}` | {english} | {chinese} |" in REFERENCE
    assert told.keys() >= set(VERDICTS)


def test_every_key_stands_in_the_reference() -> None:
    data = hj212.encode(hj212.Message(cn="9014", st="91"))
    for key in jsonl.to_json(hj212.decode(data)):
        assert re.search(rf"`[^`]*\b{key}\b[^`]*`", REFERENCE), key


def test_the_example_line_makes_a_frame() -> None:
    (line,) = re.findall(r"```json\n(.*?)\n```", HOW_TO, flags=re.DOTALL)
    frame = hj212.decode(hj212.encode(jsonl.from_json(json.loads(line))), strict=True)
    assert frame.cp.factors == (("a21026", "Rtd", "21.4"), ("a21026", "Flag", "N"))
    assert (frame.edition, frame.flag) == (2017, 5)


def test_the_example_in_python_runs() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", HOW_TO, flags=re.DOTALL)
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102
    frame, many = names["frame"], names["many"]
    assert isinstance(frame, hj212.Frame)
    assert isinstance(many, hj212.batch.Batch)
    assert frame.ok
    assert many.factors["value"].to_list() == [21.4]
