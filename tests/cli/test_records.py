"""Records of any kind: listed, shown down to their sources, promoted, removed, pruned; ids never cut."""

import fcntl
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lunarcloud.testing.fixtures import Command
from tests import toys


def _listed(lunarcloud: Command, root: Path, *words: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(lunarcloud("list", *words, "--root", root, "--json")[1])
    return found


def test_an_empty_root_lists_nothing(lunarcloud: Command, tmp_path: Path) -> None:
    code, out, _ = lunarcloud("list", "--root", tmp_path, "--json")
    assert (code, out.strip()) == (0, "[]")
    assert lunarcloud("list", "--root", tmp_path)[0] == 0


@pytest.mark.parametrize("columns", [20, 60, 250])
def test_a_list_cuts_no_id_whatever_the_width(
    say: Callable[..., str],
    lunarcloud: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    columns: int,
) -> None:
    made = say("hello", "--label", "a label of many words"), say("good", "--friend", "latest")
    monkeypatch.setenv("COLUMNS", str(columns))
    out = lunarcloud("list", "--root", tmp_path)[1]
    assert all(word in out for word in (*made, "a label of many words", "said hello hello", "toys"))


def test_a_list_says_which_is_head_and_latest(
    say: Callable[..., str], lunarcloud: Command, tmp_path: Path
) -> None:
    first, second = say("hello"), say("goodbye")
    found = {each["ref"]["id"]: (each["head"], each["latest"]) for each in _listed(lunarcloud, tmp_path)}
    assert found == {first: (True, True), second: (True, False)}


def test_a_list_of_a_kind_has_only_that(say: Callable[..., str], lunarcloud: Command, tmp_path: Path) -> None:
    say("hello")
    assert len(_listed(lunarcloud, tmp_path, "toys")) == 1
    assert _listed(lunarcloud, tmp_path, "runs") == []


def test_show_prints_the_tree_of_parents(
    say: Callable[..., str], lunarcloud: Command, tmp_path: Path
) -> None:
    first = say("hello", "--label", "first")
    second = say("good", "--friend", first)
    third = say("bye", "--friend", second[:8])
    out = lunarcloud("show", third, "--root", tmp_path)[1]
    assert f"└── friend: toys/{second}" in out
    assert f"    └── friend: toys/{first} (first)  content" in out
    assert "said" in out


@pytest.mark.parametrize("name", ["first", "toys", "toys/latest", "toys/first"])
def test_a_record_has_many_names(
    say: Callable[..., str], lunarcloud: Command, tmp_path: Path, name: str
) -> None:
    known = say("hello", "--label", "first")
    out = lunarcloud("show", name, "--root", tmp_path, "--json")[1]
    assert json.loads(out)["ref"] == {"kind": "toys", "id": known}


def test_an_unknown_record_is_said(say: Callable[..., str], lunarcloud: Command, tmp_path: Path) -> None:
    say("hello")
    code, _, err = lunarcloud("show", "zzz", "--root", tmp_path)
    assert (code, "zzz" in err, "lunarcloud list" in err) == (2, True, True)


def test_promote_makes_a_record_the_latest(
    say: Callable[..., str], lunarcloud: Command, tmp_path: Path
) -> None:
    first, second = say("hello"), say("goodbye")
    assert second in lunarcloud("promote", second, "--root", tmp_path)[1]
    assert {each["ref"]["id"]: each["latest"] for each in _listed(lunarcloud, tmp_path)} == {
        first: False,
        second: True,
    }


def test_a_pin_holds_until_it_is_taken_away(
    say: Callable[..., str], lunarcloud: Command, tmp_path: Path
) -> None:
    say("hello")
    old = say("bye", "--friend", "latest")
    lunarcloud("promote", old, "--root", tmp_path)
    code, out, _ = lunarcloud("promote", old, "--unpin", "--root", tmp_path, "--json")
    assert (code, json.loads(out)["pinned"]) == (0, False)


def test_a_retracted_record_stays_and_is_said_to_be_that(
    say: Callable[..., str], lunarcloud: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = say("hello")
    monkeypatch.setattr(toys, "PROCESS", replace(toys.PROCESS, algorithm=2))
    new = say("hello")
    words = ("retract", new, "--root", tmp_path, "--reason", "said too loudly")
    assert f"the head of its series is {old}" in lunarcloud(*words)[1]
    assert {each["ref"]["id"]: each["retracted"] for each in _listed(lunarcloud, tmp_path)} == {
        old: False,
        new: True,
    }
    assert "said too loudly" in lunarcloud("show", new, "--root", tmp_path)[1]
    code, _, err = lunarcloud("promote", new, "--root", tmp_path)
    assert (code, "said too loudly" in err) == (2, True)


def test_what_others_were_made_from_is_not_removed(
    say: Callable[..., str], lunarcloud: Command, tmp_path: Path
) -> None:
    first = say("hello")
    second = say("bye", "--friend", first)
    code, _, err = lunarcloud("remove", first, "--root", tmp_path)
    assert (code, second in err) == (2, True)
    assert lunarcloud("remove", second, "--root", tmp_path)[0] == 0
    assert not (tmp_path / "toys" / second).exists()
    assert [each["ref"]["id"] for each in _listed(lunarcloud, tmp_path)] == [first]


def test_prune_removes_what_no_head_needs(
    say: Callable[..., str], lunarcloud: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    say("hello"), say("bye", "--friend", "latest")
    monkeypatch.setattr(toys, "PROCESS", replace(toys.PROCESS, algorithm=2))
    heads = {say("hello"), say("bye", "--friend", "latest")}
    would = json.loads(lunarcloud("prune", "--dry-run", "--root", tmp_path, "--json")[1])
    assert len(_listed(lunarcloud, tmp_path)) == 4
    done = json.loads(lunarcloud("prune", "--root", tmp_path, "--json")[1])
    assert done == would
    assert {each["ref"]["id"] for each in _listed(lunarcloud, tmp_path)} == heads


def test_prune_removes_what_killed_commands_left_a_day_ago(
    say: Callable[..., str], lunarcloud: Command, tmp_path: Path
) -> None:
    home = tmp_path / "toys" / say("hello")
    old = [home / ".seen-1", tmp_path / ".probe-1", home / "word.txt.1.partial", tmp_path / "held.partial"]
    young = [home / ".seen-2", home / "word.txt.2.partial"]
    for path in (*old, *young):
        path.write_bytes(b"")
        if path in old:
            os.utime(path, (0, 0))
    with old[-1].open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert "3 files" in lunarcloud("prune", "--root", tmp_path, "--dry-run")[1]
        assert lunarcloud("prune", "--root", tmp_path)[0] == 0
    assert [path.exists() for path in (*old, *young)] == [False, False, False, True, True, True]
    assert len(_listed(lunarcloud, tmp_path)) == 1


@pytest.mark.parametrize("number", [50, pytest.param(1000, marks=pytest.mark.long)])
def test_many_commands_leave_nothing_behind(
    say: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    (temporary := tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    made = {say(f"hello{each}") for each in range(number)}
    assert len(made) == number
    assert list(temporary.iterdir()) == []
    names = [path.name for path in tmp_path.rglob("*")]
    assert [name for name in names if name.startswith(".") or name.endswith(".partial")] == []
