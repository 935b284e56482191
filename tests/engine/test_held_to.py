"""An object a process, and the pins and marks that workers are held to."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lunarcloud.engine import Once
from lunarcloud.engine.pin import differences, facts, pin, require_same
from lunarcloud.engine.sight import beside, mark
from lunarcloud.errors import InputError
from lunarcloud.storage import folder


def test_threads_share_what_the_first_of_them_builds() -> None:
    once = Once(object)
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: once(), range(50)))) == 1


def test_pickled_it_is_only_the_way_to_build_it() -> None:
    once: Once[list[int]] = Once(list)
    once().append(1)
    assert pickle.loads(pickle.dumps(once))() == []  # noqa: S301 - made in this line


def test_a_pin_is_set_once_and_the_same_facts_go_on(tmp_path: Path) -> None:
    place = folder(tmp_path)
    pin(place, facts())
    first = place.read("plan.json")
    pin(place, facts())
    assert place.read("plan.json") == first


def test_each_difference_is_named() -> None:
    assert differences({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "x"}) == "b 2 (now x), c 3 (now none)"
    with pytest.raises(InputError, match=r"worker tcp://w differs .* provider CUDA \(now CPU\)"):
        require_same({"provider": "CUDA"}, "tcp://w", {"provider": "CPU"})


def test_a_mark_that_is_not_there_is_refused_on_either_side(tmp_path: Path) -> None:
    seen = mark(folder(tmp_path))
    with pytest.raises(InputError, match="worker w does not see"):
        seen.require("w")
    with pytest.raises(InputError, match="the command does not see what worker w wrote"):
        seen.require_reply("w")
    seen.set()
    seen.reply("w")
    seen.require_reply("w")
    seen.clear()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["r/runs/1/maps.zarr", "r/runs/1/maps.zarr/3", "r/runs/1/plain"])
def test_what_belongs_to_a_record_lies_beside_its_store(tmp_path: Path, path: str) -> None:
    assert beside(folder(tmp_path / path)) == folder(tmp_path / "r/runs/1")
