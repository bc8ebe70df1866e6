"""One process owns a data folder; the lock dies with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fenhe.store import Store, StoreOwned

HOLD = """
import sys
from fenhe.store import Store
store = Store.open(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""
TRY = """
import sys
from fenhe.store import Store, StoreOwned
try:
    Store.open(sys.argv[1])
except StoreOwned as error:
    print(error.pid, error, sep="|")
"""


def test_a_second_process_is_told_the_pid(tmp_path: Path) -> None:
    with Store.open(tmp_path):
        assert (tmp_path / "owner.lock").read_text() == f"{os.getpid()}\n"
        answer = subprocess.run(
            [sys.executable, "-c", TRY, str(tmp_path)], capture_output=True, text=True, check=True
        )
    pid, message = answer.stdout.strip().split("|")
    assert int(pid) == os.getpid()
    assert f"owned by process {os.getpid()}" in message


def test_a_second_opening_in_the_same_process_is_refused(tmp_path: Path) -> None:
    with Store.open(tmp_path), pytest.raises(StoreOwned) as caught:
        Store.open(tmp_path)
    assert caught.value.pid == os.getpid()


def test_the_lock_dies_with_its_process(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(StoreOwned) as caught:
            Store.open(tmp_path)
        assert caught.value.pid == holder.pid
        holder.send_signal(signal.SIGKILL)
        holder.wait(timeout=60)
    with Store.open(tmp_path) as store:
        assert store.last_commit == 0


def test_closing_gives_the_folder_up(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    with Store.open(tmp_path) as store:
        assert store.folder == tmp_path
    assert (tmp_path / "lake" / "catalogue.ducklake").exists()
