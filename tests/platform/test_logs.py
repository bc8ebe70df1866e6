"""The log: standard error, or files that are turned over by size."""

from __future__ import annotations

import logging
import logging.config
from pathlib import Path

from fenhe.platform import logs


def test_without_a_file_the_log_goes_to_standard_error() -> None:
    handler = logs.settings({})["handlers"]["main"]
    assert handler == {"class": "logging.StreamHandler", "formatter": "line"}


def test_files_are_turned_over_and_only_so_many_kept(tmp_path: Path) -> None:
    told = {"FENHE_LOG_FILE": str(tmp_path / "a.log"), "FENHE_LOG_SIZE": "1", "FENHE_LOG_KEEP": "2"}
    config = logs.settings(told)
    handler = dict(config["handlers"]["main"])
    assert handler["maxBytes"] == 1_000_000
    made = logging.config.DictConfigurator(
        {"version": 1, "formatters": config["formatters"], "handlers": {"main": handler}}
    )
    made.config["formatters"]["line"] = made.configure_formatter(made.config["formatters"]["line"])
    turned = made.configure_handler(made.config["handlers"]["main"])
    record = logging.LogRecord("fenhe", logging.INFO, "", 0, "x" * 100_000, None, None)
    for _ in range(50):
        turned.emit(record)
    turned.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.log", "a.log.1", "a.log.2"]
    assert all(path.stat().st_size <= 1_000_000 for path in tmp_path.iterdir())
