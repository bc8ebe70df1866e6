"""A backup made while people work is the store at one commit; nothing half looks whole."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fenhe.base.errors import BadInput, FenheError
from fenhe.platform import wire
from fenhe.platform.operations import manifest, restore
from fenhe.platform.operations.backup import backup
from fenhe.store import Store
from tests.platform.operations import killed
from tests.platform.operations.conftest import month
from tests.platform.server import fenhe, serving

RECOMPUTE = """
import json
from fenhe.platform import boot, owner
boot.start()
from fenhe.platform.verdicts import dirty, engine
store = owner.store()
engine.catch_up(store)
before = {key: store.cells.read(key) for key in store.cells.assessments()}
dirty.mark_everything()
done = engine.catch_up(store)
same = all(store.cells.read(key).equals(cells) for key, cells in before.items())
cells = sum(len(cells) for cells in before.values())
print(json.dumps([same, done.new, done.changed, cells, done.done]))
owner.close()
"""


def silent(_: dict[str, Any]) -> None:
    """Hear nothing."""


def known(data: Path, commit: int) -> dict[str, pl.DataFrame]:
    """Return everything a store knew at a commit."""
    with Store.open(data) as store:
        upto = pl.col("commit") <= commit
        found = {
            "observations": store.observations(as_of=commit),
            "flags": store.flags(as_of=commit),
            "receipts": store.receipts().filter(upto),
            "quarantine": store.quarantine().filter(upto),
            "commits": store.commits().filter(upto),
            "series": store.series(),
        }
        for key in sorted(store.cells.assessments()):
            cells = store.cells.read(key, as_of=commit)
            if cells.height:
                found[f"cells of {key}"] = cells
    return found


def audit(data: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(data / "records.sqlite3")) as link:
        return link.execute("SELECT * FROM workflow_auditlog ORDER BY id").fetchall()


def test_a_backup_under_load_restores_to_what_was_known(data: Path, tmp_path: Path) -> None:
    files = [month(tmp_path / f"{number}.csv", number, days=4) for number in range(2, 10)]
    folders = [tmp_path / f"backup{number}" for number in range(3)]
    made: list[dict[str, Any]] = []

    def load() -> None:
        for path in files:
            wire.call(data, "import", {"path": str(path), "feed": "tidy-hourly"})

    with serving(data):
        loader = threading.Thread(target=load)
        loader.start()
        for number, folder in enumerate(folders):
            since = str(folders[number - 1]) if number else None
            told: list[dict[str, Any]] = []
            asked = {"target": str(folder), "since": since}
            made.append(wire.call(data, "backup", asked, told.append))
            assert told[-1]["rows"] == told[-1]["of"] > 0
        loader.join(timeout=300)
        last = wire.call(data, "receipts", {})
    assert len(last) == len(files) + 1
    commits = [one["commit"] for one in made]
    assert commits == sorted(commits)
    with Store.open(data) as store:
        assert commits[0] < store.last_commit
    for place, one in enumerate((made[0], made[-1])):  # on a busy machine of the same commit
        target = tmp_path / f"restored{place}"
        done = fenhe("restore", one["folder"], str(target), data=data)
        assert f"commit {one['commit']}," in done.stdout
        then, now = known(data, one["commit"]), known(target, one["commit"])
        assert now["commits"]["commit"].max() == one["commit"]
        assert set(now) == set(then)
        for name, frame in now.items():
            if name == "series":  # numbered as they come, never renumbered
                assert frame.equals(then[name].head(frame.height))
            else:
                assert frame.equals(then[name]), name
        rows = audit(target)
        assert rows
        assert rows == audit(data)[: len(rows)]
        check_verdicts(target)


def check_verdicts(data: Path) -> None:
    """Recompute every verdict of a folder from its values; assert that none differs."""
    done = subprocess.run(
        [sys.executable, "-c", RECOMPUTE],
        env={**os.environ, "FENHE_DATA": str(data)},
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    same, new, changed, cells, looked_at = json.loads(done.stdout)
    assert (same, new, changed) == (True, 0, 0)
    assert cells > 0
    assert looked_at > 0


def test_unchanged_files_are_linked_to_the_backup_before(data: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    with Store.open(data) as store:
        whole = backup(store, first, None, silent)
        store.maintain()
        part = backup(store, second, first, silent)
    assert part["copied"] < whole["copied"]
    raw = next(path for path in (first / "raw").rglob("*") if path.is_file())
    assert (second / raw.relative_to(first)).stat().st_ino == raw.stat().st_ino
    shutil.rmtree(first)
    assert restore.verify(second, silent).commit == part["commit"]


def test_a_backup_holds_off_the_removal_of_its_files(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    from fenhe.platform.operations import copying

    real, seen = copying.copy, []
    with Store.open(data) as store:
        store.maintain(keep=timedelta(0))

        def copy(source: Path, *rest: Any) -> tuple[int, str]:
            if not seen:
                path = month(tmp_path / "more.csv", 3, days=1)
                store.raw.keep(path)
                store.maintain(keep=timedelta(0))
            seen.append(source)
            return real(source, *rest)

        monkeypatch.setattr(copying, "copy", copy)
        backup(store, tmp_path / "held", None, silent)
    assert len(seen) > 5
    assert restore.verify(tmp_path / "held", silent).files


def test_a_killed_backup_leaves_nothing_that_looks_whole(data: Path, tmp_path: Path) -> None:
    syncs = killed.run("backup", data, tmp_path / "whole")
    chance, target = random.Random(3), tmp_path / "target"
    for at in [1, *chance.sample(range(2, syncs - 1), 3), syncs - 1, syncs]:
        killed.run("backup", data, target, at)
        if target.exists():  # renamed: every byte was on disk by then
            assert at == syncs
            assert restore.verify(target, silent).commit > 0
            shutil.rmtree(target)
        else:
            with pytest.raises(BadInput, match="not a finished backup"):
                manifest.read(target)
    killed.run("backup", data, target)
    assert restore.verify(target, silent).commit > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "target", "whole"]


def test_a_killed_restore_leaves_nothing_that_looks_whole(data: Path, tmp_path: Path) -> None:
    folder, target = tmp_path / "backup", tmp_path / "target"
    with Store.open(data) as store:
        commit = backup(store, folder, None, silent)["commit"]
    syncs = killed.run("restore", folder, tmp_path / "whole")
    for at in [1, 2, *random.Random(5).sample(range(3, syncs - 1), 3), syncs - 1]:
        killed.run("restore", folder, target, at)
        done = fenhe("receipts", data=target, check=False)
        assert done.returncode == 2
        assert "cut short" in done.stderr
        assert fenhe("init", data=target, check=False).returncode == 2
    restore.restore(folder, target, silent)
    with Store.open(target) as store:
        assert store.last_commit == commit
    assert fenhe("doctor", data=target, check=False).returncode == 0


def test_a_damaged_file_is_named(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    with Store.open(data) as store:
        backup(store, folder, None, silent)
    victims = [entry.path for entry in manifest.read(folder).files]
    for number, name in enumerate(random.Random(1).sample(victims, 4)):
        whole = (folder / name).read_bytes()
        (folder / name).chmod(0o600)
        (folder / name).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        target = tmp_path / f"target{number}"
        done = fenhe("restore", str(folder), str(target), data=data, check=False)
        assert done.returncode == 2
        assert f"{folder / name} is damaged" in done.stderr
        assert fenhe("receipts", data=target, check=False).returncode == 2
        (folder / name).unlink()
        with pytest.raises(BadInput, match="is missing"):
            restore.verify(folder, silent)
        (folder / name).write_bytes(whole)
    (folder / "manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(BadInput, match=r"manifest\.json is damaged"):
        restore.verify(folder, silent)


def test_a_backup_of_a_newer_version_is_refused(data: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    folder = tmp_path / "backup"
    with Store.open(data) as store:
        backup(store, folder, None, silent)
    made = manifest.read(folder)
    newer = [
        replace(made, fenhe="99.0.0"),
        replace(made, layout=made.layout + 1),
        replace(made, migrations={**made.migrations, "registry": "9999_later"}),
    ]
    for one in newer:
        manifest.write(one, folder)
        with pytest.raises(BadInput, match="newer than this one"):
            restore.restore(folder, tmp_path / "target", silent)
        assert not (tmp_path / "target").exists()
    manifest.write(replace(made, format=2), folder)
    with pytest.raises(BadInput, match="newer version"):
        manifest.read(folder)


def test_targets_that_can_not_be_used_are_refused(data: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").touch()
    with Store.open(data) as store:
        with pytest.raises(BadInput, match="exists already"):
            backup(store, tmp_path / "there", None, silent)
        with pytest.raises(BadInput, match="lies in the data folder"):
            backup(store, data / "backup", None, silent)
        with pytest.raises(BadInput, match="not a finished backup"):
            backup(store, tmp_path / "new", tmp_path / "there", silent)
        backup(store, tmp_path / "good", None, silent)
    with pytest.raises(BadInput, match="is not empty"):
        restore.restore(tmp_path / "good", tmp_path / "there", silent)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data", "good", "there"]


def test_secrets_stay_for_their_owner(data: Path, tmp_path: Path) -> None:
    with Store.open(data) as store:
        backup(store, tmp_path / "backup", None, silent)
    restore.restore(tmp_path / "backup", tmp_path / "target", silent)
    for folder in (tmp_path / "backup", tmp_path / "target"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for name in ("secret.key", "records.sqlite3"):
            assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
        assert (folder / "secret.key").read_text() == (data / "secret.key").read_text()


def test_a_damaged_raw_file_is_told_and_the_rest_is_saved(data: Path, tmp_path: Path) -> None:
    raw = next(path for path in (data / "raw").rglob("*") if path.is_file())
    raw.chmod(0o600)
    raw.write_bytes(b"other bytes")
    name = str(raw.relative_to(data))
    done = fenhe("backup", str(tmp_path / "backup"), data=data, check=False)
    assert done.returncode == 1
    assert name in done.stderr
    raw.unlink()
    with Store.open(data) as store:
        made = backup(store, tmp_path / "again", None, silent)
    assert made["damaged"] == [name]
    assert restore.restore(tmp_path / "again", tmp_path / "target", silent)["damaged"] == [name]


def test_a_missing_file_of_values_ends_the_backup(data: Path, tmp_path: Path) -> None:
    next((data / "lake" / "data" / "main" / "observation").rglob("*.parquet")).unlink()
    with Store.open(data) as store, pytest.raises(FenheError, match="fenhe doctor"):
        backup(store, tmp_path / "backup", None, silent)
    assert not (tmp_path / "backup").exists()


def test_the_backup_is_in_the_log(data: Path, tmp_path: Path) -> None:
    done = fenhe("backup", str(tmp_path / "backup"), data=data)
    assert "copied" in done.stdout
    row = audit(data)[-1]
    assert "operations.backup" in row
    assert str(tmp_path / "backup") in str(row)


def test_one_backup_at_a_time(data: Path, tmp_path: Path) -> None:
    with Store.open(data) as store:
        with (
            store.pinned(tmp_path / "one", lambda: None) as pinned,
            pytest.raises(BadInput, match="another backup is under way"),
        ):
            backup(store, tmp_path / "two", None, silent)
        assert pinned.commit == store.last_commit
        assert backup(store, tmp_path / "two", None, silent)["commit"] == pinned.commit


def test_a_file_kept_and_not_yet_imported_is_in_it(data: Path, tmp_path: Path) -> None:
    with Store.open(data) as store:
        kept = store.raw.keep(month(tmp_path / "later.csv", 4, days=1))
        backup(store, tmp_path / "backup", None, silent)
    restore.restore(tmp_path / "backup", tmp_path / "target", silent)
    with Store.open(tmp_path / "target") as store:
        assert store.raw.verify(kept.sha256).is_file()


def test_a_full_disk_is_told_before_anything_is_copied(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with Store.open(data) as store, pytest.raises(BadInput, match="has 1 MB free"):
        backup(store, tmp_path / "backup", None, silent)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
