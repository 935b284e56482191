"""What people and machines see of a running process."""

import io
import json

import pytest
from rich.console import Console

from lunarcloud.cli import watches
from lunarcloud.cli.watches import bar, json_lines
from lunarcloud.engine import Note, ShardDone, StageDone, Started
from lunarcloud.moon import Shard

EVENTS = (
    Started("map", 2, 2_000_000),
    ShardDone("map", Shard(0, 0), 1_000_000),
    Note("half of [it] is done"),
    ShardDone("map", Shard(0, 1), 1_000_000),
    StageDone("map"),
    Started("map", 1, 10),
    ShardDone("map", None, 10),
    StageDone("map"),
)


@pytest.mark.parametrize("of", ["shards", "files"])
def test_the_bar_is_full_at_the_end_of_each_stage(monkeypatch: pytest.MonkeyPatch, of: str) -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100)
    monkeypatch.setattr(watches, "Console", lambda **_: console)
    with bar(of) as watch:
        for event in EVENTS:
            watch(event)
    last = screen.getvalue().rpartition("half of [it] is done")[2]
    assert "2/2" in last
    assert of in last
    assert "1/1" in last
    assert "Mpixel/s" in last


def test_the_bar_is_silent_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with bar() as watch:
        for event in EVENTS:
            watch(event)
    assert capsys.readouterr() == ("", "")


def test_machines_get_one_json_document_a_line_and_nothing_else() -> None:
    stream = io.StringIO()
    for event in EVENTS:
        json_lines(stream)(event)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines[:3]] == ["started", "shard_done", "note"]
    assert lines[1] == {"event": "shard_done", "title": "map", "shard": [0, 0], "pixels": 1_000_000}
    assert len(lines) == len(EVENTS)
