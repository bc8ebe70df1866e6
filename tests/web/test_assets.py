"""The browser libraries: pinned, permissive, from no named host, and not fetched twice."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from fenhe.base.errors import BadInput
from fenhe.platform.web import assets

ROOT = assets.checkout_root()
PERMISSIVE = {
    "MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "BSD-0-Clause", "Apache-2.0", "Unlicense",
    "CC0-1.0", "(MIT OR Apache-2.0)", "MIT AND OFL-1.1",
}  # fmt: skip


def lock() -> dict[str, dict[str, object]]:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    return {name: entry for name, entry in packages.items() if name}


def test_versions_are_exact() -> None:
    wanted = json.loads((ROOT / "package.json").read_text())["dependencies"]
    assert set(wanted) == {
        "@expo-google-fonts/noto-sans-sc", "echarts", "htmx.org", "maplibre-gl",
    }  # fmt: skip
    assert [v for v in wanted.values() if not re.fullmatch(r"\d+\.\d+\.\d+", v)] == []


def test_lock_names_no_registry_and_hashes_everything() -> None:
    assert [name for name, entry in lock().items() if "resolved" in entry] == []
    assert [n for n, e in lock().items() if not str(e["integrity"]).startswith("sha512-")] == []


def test_licences_are_permissive() -> None:
    assert {str(entry["license"]) for entry in lock().values()} <= PERMISSIVE


def made(folder: Path, digest: str) -> Path:
    files = {}
    for name in assets.FILES.values():
        (folder / name).write_text(name)
        files[name] = assets._digest(folder / name)
    (folder / assets.LISTING).write_text(json.dumps({"lock": digest, "files": files}))
    return folder


def test_what_is_in_place_is_not_fetched_again(tmp_path: Path) -> None:
    assert assets.is_current(made(tmp_path, "a" * 64), "a" * 64)


@pytest.mark.parametrize("harm", ["edit", "remove", "lock", "listing"])
def test_what_was_touched_is_fetched_again(tmp_path: Path, harm: str) -> None:
    folder = made(tmp_path, "a" * 64)
    name = next(iter(assets.FILES.values()))
    if harm == "edit":
        (folder / name).write_text("changed")
    elif harm == "remove":
        (folder / name).unlink()
    elif harm == "listing":
        (folder / assets.LISTING).write_text("{")
    assert not assets.is_current(folder, "b" * 64 if harm == "lock" else "a" * 64)


def test_pointer_to_a_source_map_is_cut() -> None:
    script = b"let a=1;\n//# sourceMappingURL=a.js.map"
    assert assets.without_source_map(script) == b"let a=1;\n"
    assert assets.without_source_map(b"let a=1;\n") == b"let a=1;\n"


def test_messages_compile_and_are_current_afterwards(tmp_path: Path) -> None:
    folder = tmp_path / "zh_Hans" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text('msgid ""\nmsgstr ""\n\nmsgid "Map"\nmsgstr "地图"\n')
    assert assets.compile_messages(tmp_path) == [folder / "django.mo"]
    assert "地图".encode() in (folder / "django.mo").read_bytes()
    assert assets.compile_messages(tmp_path) == []


def test_outside_a_checkout_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(assets, "WEB", tmp_path / "site-packages" / "fenhe" / "platform" / "web")
    with pytest.raises(BadInput, match="source checkout"):
        assets.checkout_root()
