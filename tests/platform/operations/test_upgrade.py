"""A folder of an older version is upgraded, after a backup; other verbs say to do so."""

from __future__ import annotations

import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fenhe.base.errors import BadInput
from fenhe.platform import boot
from fenhe.platform.operations import records, restore, versions
from fenhe.store import Store
from tests.platform.server import fenhe, serving

FOLDERS = sorted((Path(__file__).parents[2] / "data" / "folders").glob("*.tar.xz"))


def silent(_: dict[str, Any]) -> None:
    """Hear nothing."""


@pytest.fixture(params=FOLDERS, ids=lambda path: path.name)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    with tarfile.open(request.param) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / "data"


def observed(data: Path) -> pl.DataFrame:
    with Store.open(data) as store:
        return store.observations()


def test_an_old_folder_is_upgraded_after_a_backup(old: Path, tmp_path: Path) -> None:
    due = versions.missing(records.migrations(old / "records.sqlite3"))
    done = fenhe("receipts", data=old, check=False)
    if due:
        assert done.returncode == 2
        assert "run: fenhe upgrade" in done.stderr
        assert "run: fenhe upgrade" in fenhe("serve", data=old, check=False).stderr
        assert "run: fenhe upgrade" in fenhe("init", data=old, check=False).stderr
    before = observed(old)
    backup = tmp_path / "before"
    said = fenhe("upgrade", "--backup", str(backup), data=old).stdout
    for name in due:
        assert f"records: {name}" in said
    assert backup.exists() is bool(due)
    assert "nothing to do" in fenhe("upgrade", data=old).stdout
    assert observed(old).equals(before)
    assert before.height == 725
    with serving(old) as server:
        assert server.get("/stations/in/?from=2026-02-24&to=2026-02-24")[0] == 200
        receipts = fenhe("receipts", data=old).stdout
    assert "hours.csv" in receipts
    if due:
        back = restore.restore(backup, tmp_path / "back", silent)
        assert back["upgrade"] is True
        assert versions.missing(records.migrations(tmp_path / "back" / "records.sqlite3")) == due


def test_an_upgrade_that_failed_halfway_is_run_again(tmp_path: Path) -> None:
    with tarfile.open(FOLDERS[0].with_name("first-slice.tar.xz")) as archive:
        archive.extractall(tmp_path, filter="data")
    data = tmp_path / "data"
    with closing(sqlite3.connect(data / "records.sqlite3")) as link:
        link.execute("CREATE TABLE verdicts_member (in_the_way INTEGER)")
        link.commit()
        done = fenhe("upgrade", "--no-backup", data=data, check=False)
        assert done.returncode == 2
        assert "run it again" in done.stderr
        assert "run: fenhe upgrade" in fenhe("receipts", data=data, check=False).stderr
        link.execute("DROP TABLE verdicts_member")
        link.commit()
    fenhe("upgrade", "--no-backup", data=data)
    assert versions.missing(records.migrations(data / "records.sqlite3")) == []


def test_the_backup_goes_beside_the_folder_when_nobody_says_where(old: Path) -> None:
    if versions.missing(records.migrations(old / "records.sqlite3")):
        fenhe("upgrade", data=old)
    made = [path.name for path in old.parent.iterdir() if path.name.startswith("data-before")]
    assert len(made) == 1


def test_a_folder_of_a_newer_version_is_refused(data: Path) -> None:
    with closing(sqlite3.connect(data / "records.sqlite3")) as link:
        link.execute(
            "INSERT INTO django_migrations (app, name, applied) "
            "VALUES ('registry', '9999_later', '2026-01-01')"
        )
        link.commit()
    for words in (("receipts",), ("upgrade",), ("serve",)):
        done = fenhe(*words, data=data, check=False)
        assert done.returncode == 2
        assert "newer version" in done.stderr
        assert "registry.9999_later" in done.stderr


def test_a_served_folder_is_not_upgraded(data: Path) -> None:
    with serving(data):
        done = fenhe("upgrade", data=data, check=False)
    assert done.returncode == 2
    assert "stop the server" in done.stderr


def test_both_backup_and_no_backup_make_no_sense(data: Path, tmp_path: Path) -> None:
    done = fenhe("upgrade", "--no-backup", "--backup", str(tmp_path / "x"), data=data, check=False)
    assert done.returncode == 2
    assert "not both" in done.stderr


def test_what_is_known_is_what_django_finds() -> None:
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(None)
    ours = versions.known()
    assert {(app, name) for app, names in ours.items() for name in names} == {
        key for key in loader.disk_migrations if key[0] in ours
    }
    assert {"registry", "monitoring", "verdicts", "workflow"} <= set(ours)


def test_an_unfinished_restore_is_named(tmp_path: Path) -> None:
    (tmp_path / ".restoring").touch()
    with pytest.raises(BadInput, match="cut short"):
        boot.find(tmp_path)
