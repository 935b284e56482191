"""Commands made from the registry: a line adds one, with help, defaults, checks and results."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from distributed import Client

from lunarcloud.testing.fixtures import Command


def _shown(out: str) -> str:
    """Help without its frames and line breaks."""
    return " ".join(out.translate(str.maketrans("│╭╮╰╯─", "      ")).split())


def test_a_line_of_the_registry_is_a_command(toys: None, lunarcloud: Command) -> None:
    assert "Say a word several times, in wt%." in lunarcloud("--help")[1]
    assert "Say a word several times, in wt%." in lunarcloud("toy", "--help")[1]


@pytest.mark.parametrize(
    "text",
    [
        "WORD <str> Word to say.",
        "--times INTEGER How often; times; at least 1, at most 9; default 2.",
        "--tone low|high Tone of voice; default low.",
        "--span LOW:HIGH Least and most; m; default 1:2.5.",
        "--tag TEXT Tag of the word; may be repeated; default toy.",
        "--friend ID Record that it answers.",
    ],
)
def test_help_says_unit_range_and_default(toys: None, lunarcloud: Command, text: str) -> None:
    assert text in _shown(lunarcloud("toy", "--help")[1])


def test_what_was_typed_reaches_the_process(toys: None, lunarcloud: Command, tmp_path: Path) -> None:
    words = ("--times", 3, "--tone", "high", "--span", "3:4", "--tag", "a", "--tag", "b", "--loud")
    code, out, _ = lunarcloud("toy", "hello", *words, "--root", tmp_path, "--json", "--label", "first")
    record = json.loads(out)["record"]
    given = {
        "word": "hello",
        "times": 3,
        "tone": "high",
        "span": [3.0, 4.0],
        "tags": ["a", "b"],
        "loud": True,
    }
    assert code == 0
    assert record["given"]["inputs"] == given
    assert (record["card"], record["label"]) == ({"said": "HELLO HELLO HELLO"}, "first")


def test_what_was_not_typed_has_the_default_of_the_model(
    toys: None, lunarcloud: Command, tmp_path: Path
) -> None:
    out = lunarcloud("toy", "hello", "--root", tmp_path, "--json")[1]
    given = {"word": "hello", "times": 2, "tone": "low", "span": [1.0, 2.5], "tags": ["toy"], "loud": False}
    assert json.loads(out)["record"]["given"]["inputs"] == given


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("--times", "x"), "--times 'x': "),
        (("--times", "10"), "--times '10': "),
        (("--tone", "flat"), "--tone 'flat': "),
        (("--span", "16"), "--span '16': write LOW:HIGH"),
        (("--friend", "nobody"), "toys 'nobody'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_bad_value_is_named_as_it_was_typed(
    toys: None, lunarcloud: Command, tmp_path: Path, typed: tuple[str, ...], said: str
) -> None:
    code, _, err = lunarcloud("toy", "hello", *typed, "--root", tmp_path)
    assert (code, err.splitlines()[0].startswith(f"error: {said}")) == (2, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words", [("toy", "--root", "r"), ("toy", "hello"), ("toy", "a", "--root", "r", "--what")]
)
def test_what_is_missing_or_unknown_is_bad_input(
    toys: None, lunarcloud: Command, words: tuple[str, ...]
) -> None:
    code, _, err = lunarcloud(*words)
    assert code == 2
    assert "Traceback" not in err


def test_a_result_says_what_was_made_and_where(toys: None, lunarcloud: Command, tmp_path: Path) -> None:
    out = lunarcloud("toy", "hello", "--root", tmp_path, "--label", "first")[1]
    lines = ["record", "label", "where", "computed now", "said", "words", "a toy said it"]
    assert all(line in out for line in lines)
    assert f"{tmp_path}/toys/" in out


def test_a_repeated_command_says_that_it_was_there(toys: None, lunarcloud: Command, tmp_path: Path) -> None:
    lunarcloud("toy", "hello", "--root", tmp_path)
    assert "it was there" in lunarcloud("toy", "hello", "--root", tmp_path)[1]


def test_a_record_of_another_series_says_that_it_is_not_the_latest(
    say: Callable[..., str], lunarcloud: Command, tmp_path: Path
) -> None:
    first = say("hello")
    out = lunarcloud("toy", "goodbye", "--root", tmp_path)[1]
    assert f"latest toys is still {first}" in out
    assert "lunarcloud promote" in out


def test_a_dry_run_computes_nothing_and_counts_the_threads(
    toys: None, lunarcloud: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("toy", "hello", "--root", tmp_path, "--dry-run", "--workers", 3)
    out = lunarcloud(*words)[1]
    assert "nothing is computed" in out
    assert "say hello hello" in out
    assert json.loads(lunarcloud(*words, "--json")[1])[0]["tasks"] == 3
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_asks_the_scheduler_for_its_threads(
    toys: None, lunarcloud: Command, tmp_path: Path, scheduler: str, client: Client
) -> None:
    words = ("toy", "hello", "--root", tmp_path, "--dry-run", "--json", "--scheduler", scheduler)
    assert json.loads(lunarcloud(*words)[1])[0]["tasks"] == sum(client.ncores().values())


def test_a_dry_run_of_what_is_published_says_so(
    say: Callable[..., str], lunarcloud: Command, tmp_path: Path
) -> None:
    say("hello")
    [found] = json.loads(lunarcloud("toy", "hello", "--root", tmp_path, "--dry-run", "--json")[1])
    assert (found["tasks"], found["done"]) == (0, 1)


def test_an_action_is_a_command_with_its_own_exit_code(
    toys: None, lunarcloud: Command, tmp_path: Path
) -> None:
    assert lunarcloud("check-toy", "please", "--root", tmp_path)[0] == 0
    code, out, _ = lunarcloud("check-toy", "bah", "--root", tmp_path, "--json")
    assert (code, json.loads(out)) == (1, {"polite": False})
