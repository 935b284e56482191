"""``run`` and ``processes``: any process by name with inputs as JSON, told as JSON lines."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lunarcloud.testing.fixtures import Command


def _lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def _run(
    lunarcloud: Command, root: Path, inputs: str | Path, *words: object, name: str = "toy"
) -> tuple[int, str, str]:
    return lunarcloud("run", name, "--root", root, "--inputs", inputs, "--events", "json", *words)


def test_each_event_is_a_line_and_the_last_is_the_result(
    toys: None, lunarcloud: Command, tmp_path: Path
) -> None:
    code, out, _ = _run(lunarcloud, tmp_path, '{"word": "hello", "span": [3, 4]}')
    note, published, result = _lines(out)
    assert (code, note) == (0, {"event": "note", "text": "saying hello hello"})
    assert published["event"] == "published"
    assert result == {
        "event": "result",
        "kind": "toys",
        "id": published["id"],
        "url": f"{tmp_path}/toys/{published['id']}",
        "shards_computed": 0,
    }


def test_what_was_there_is_told_too(toys: None, lunarcloud: Command, tmp_path: Path) -> None:
    _run(lunarcloud, tmp_path, '{"word": "hello"}')
    [result] = _lines(_run(lunarcloud, tmp_path, '{"word": "hello"}')[1])
    assert (result["event"], result["shards_computed"]) == ("result", None)


def test_an_action_gives_its_result_and_exit_code(toys: None, lunarcloud: Command, tmp_path: Path) -> None:
    code, out, _ = _run(lunarcloud, tmp_path, '{"word": "bah"}', name="check-toy")
    assert (code, _lines(out)) == (1, [{"event": "result", "result": {"polite": False}}])


def test_inputs_come_from_a_file_or_standard_input(
    toys: None, lunarcloud: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "inputs.json").write_text('{"word": "hello"}')
    monkeypatch.setattr("sys.stdin", io.StringIO('{"word": "hello"}'))
    found = [_lines(_run(lunarcloud, tmp_path, each)[1])[-1] for each in (tmp_path / "inputs.json", "-")]
    assert found[0]["id"] == found[1]["id"]


def test_a_record_is_made_again_from_its_document_alone(
    say: Callable[..., str], lunarcloud: Command, tmp_path: Path
) -> None:
    say("good", "--times", 1)
    known = say("hello", "--times", 3, "--span", "3:4", "--friend", "latest")
    document = tmp_path / "toys" / known / "record.json"
    (tmp_path / "saved.json").write_bytes(document.read_bytes())
    lunarcloud("remove", known, "--root", tmp_path)
    assert _lines(_run(lunarcloud, tmp_path, tmp_path / "saved.json")[1])[-1]["id"] == known


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ('{"word": "a", "volume": 3}', "volume: there is no such input; there are word, times"),
        ('{"word": "a", "times": 99}', "times 99: "),
        ("{", "no JSON"),
        ("[1]", "a JSON object"),
        ("nothing.json", "neither JSON nor a file"),
        ("{}", "word must be given"),
    ],
)
def test_bad_inputs_are_named_as_they_were_given(
    toys: None, lunarcloud: Command, tmp_path: Path, inputs: str, said: str
) -> None:
    code, out, err = _run(lunarcloud, tmp_path, inputs)
    assert (code, said in err) == (2, True), err
    [failed] = _lines(out)
    assert (failed["event"], said in failed["message"]) == ("failed", True)


def test_an_unknown_process_is_said(lunarcloud: Command, tmp_path: Path) -> None:
    code, _, err = lunarcloud("run", "fly", "--root", tmp_path)
    assert (code, "'fly'" in err, "ingest" in err) == (2, True, True)


def test_processes_are_listed(toys: None, lunarcloud: Command) -> None:
    names = {each["name"]: each["type"] for each in json.loads(lunarcloud("processes", "--json")[1])}
    assert (names["ingest"], names["toy"], names["verify"]) == ("process", "process", "action")
    assert "Say a word several times" in lunarcloud("processes")[1]


def test_a_process_has_a_schema_with_units(toys: None, lunarcloud: Command) -> None:
    inputs = json.loads(lunarcloud("processes", "toy", "--json")[1])["inputs"]
    assert inputs["required"] == ["word"]
    assert inputs["properties"]["times"] == {
        "default": 2,
        "description": "how often",
        "maximum": 9,
        "minimum": 1,
        "title": "Times",
        "type": "integer",
        "unit": "times",
    }
    assert "--tag" in lunarcloud("processes", "toy")[1]
