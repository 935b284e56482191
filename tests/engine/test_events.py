"""Events as JSON and as lines of a log, which hold no secret."""

import json
import logging
from collections.abc import Iterator
from dataclasses import asdict

import pytest

from lunarcloud.config import settings
from lunarcloud.engine import (
    Event,
    Failed,
    Note,
    Published,
    ShardDone,
    StageDone,
    Started,
    log_about,
    logged,
    to_json,
    worker_environment,
    write_log,
)
from lunarcloud.moon import Shard

EVENTS: dict[str, Event] = {
    "started": Started("map", 18, 64800),
    "shard_done": ShardDone("map", Shard(1, 2), 4096),
    "stage_done": StageDone("map"),
    "note": Note("all is there already"),
    "failed": Failed("no"),
    "published": Published("run", "3f9c", "s3://b/moon/runs/3f9c"),
}


@pytest.fixture(params=["text", "json"])
def log(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The settings want a log in a form; the loggers are as before afterwards."""
    loggers = [logging.getLogger(name) for name in ("lunarcloud", "distributed")]
    before = [(logger.handlers[:], logger.propagate, logger.level) for logger in loggers]
    monkeypatch.setenv("LUNARCLOUD_LOG", str(request.param))
    settings.cache_clear()
    yield str(request.param)
    for logger, (handlers, propagate, level) in zip(loggers, before, strict=True):
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(level)
    settings.cache_clear()


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_is_a_json_object_with_its_fields(name: str) -> None:
    found = json.loads(json.dumps(to_json(EVENTS[name])))
    assert found.pop("event") == name
    fields = asdict(EVENTS[name])
    assert found == {key: [1, 2] if key == "shard" else value for key, value in fields.items()}


def test_each_event_is_a_line_of_the_log_and_goes_on(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    write_log()
    seen: list[Event] = []
    watch = logged(seen.append)
    for event in EVENTS.values():
        watch(event)
    lines = capsys.readouterr().err.splitlines()
    assert seen == list(EVENTS.values())
    if log == "json":
        assert [json.loads(line)["event"] for line in lines] == list(EVENTS)
        assert [json.loads(line)["level"] for line in lines].count("error") == 1
    else:
        assert all(name in line for name, line in zip(EVENTS, lines, strict=True))


@pytest.mark.parametrize(
    "secret",
    [
        "https://ada:hunter2@example.org/moon",
        "https://b.example.org/x?X-Amz-Signature=hunter2&X-Amz-Expires=60",
        "https://b.example.org/x?sv=2022&sig=hunter2",
        "AWS_SECRET_ACCESS_KEY=hunter2 is wrong",
        "{'aws_session_token': 'hunter2'}",
    ],
)
def test_the_log_holds_no_secret(log: str, capsys: pytest.CaptureFixture[str], secret: str) -> None:
    write_log()
    logged()(Failed(secret))
    logging.getLogger("lunarcloud").warning("%s", secret)
    said = capsys.readouterr().err
    assert said.count("***") == 2
    assert "hunter2" not in said


def test_each_line_of_json_says_whose_it_is_and_so_do_those_of_workers(
    monkeypatch: pytest.MonkeyPatch, log: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_log()
    with log_about(job="map-1", attempt=2):
        logged()(EVENTS["shard_done"])
        passed_on = worker_environment()
    assert ('"job": "map-1", "attempt": 2' in capsys.readouterr().err) == (log == "json")
    for name, value in passed_on.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    assert settings().log_about == {"job": "map-1", "attempt": 2}
    assert worker_environment() == passed_on


def test_a_library_says_nothing_unless_it_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    write_log()
    logged()(EVENTS["started"])
    assert capsys.readouterr().err == ""
