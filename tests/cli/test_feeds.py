"""The verb ``fenhe feeds``."""

from __future__ import annotations

from click.testing import CliRunner

from fenhe.cli.feeds import command
from fenhe.protocols.tables import feeds


def run(*arguments: str) -> str:
    result = CliRunner().invoke(command, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_without_arguments_it_lists_one_line_a_feed_the_id_first():
    assert run() == run("list")
    assert [line.split()[0] for line in run().splitlines()] == [f.id for f in feeds.known()]


def test_show_tells_units_labels_and_whose_data_it_is():
    text = run("show", "uci-beijing")
    assert "licence     CC BY 4.0" in text
    assert "time        year + month + day + hour: end of interval, Beijing" in text
    assert "co     1h  from co or CO (ug/m3, kept in mg/m3), 0 to 200" in text


def test_every_feed_can_be_shown():
    for feed in feeds.known():
        assert run("show", feed.id).startswith(f"{feed.id}  {feed.title_zh}")
