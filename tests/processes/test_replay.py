"""Replay: from its record alone every record is made again, under the same id and to the same bytes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lunarcloud.archive import SAMPLE_60639
from lunarcloud.engine import Cluster
from lunarcloud.lineage import Entry, Root, open_root
from lunarcloud.synthetic import write_tiles
from lunarcloud.testing.fixtures import Command
from lunarcloud.testing.loaded import HEAVY, loaded_by
from lunarcloud.testing.make import make


class Recorded(NamedTuple):
    """A record as it was made: its line in the catalog, its text, all that it made."""

    entry: Entry
    text: str
    objects: dict[str, bytes]


# A root with a record of every process is made for it.
pytestmark = [pytest.mark.usefixtures("sketches"), pytest.mark.long]


@pytest.fixture(scope="module", autouse=True)
def _no_maps() -> Iterator[None]:
    """Pictures of runs are drawn elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lunarcloud.processes.map._draw", lambda *_: {})
        yield


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster, few_oxides: Path) -> Root:
    """A root with a record of every process, as the demonstration makes them but smaller."""
    place = tmp_path_factory.mktemp("replay")
    write_tiles(place / "tiles", ppd=2)
    root = place / "root"
    made: list[tuple[str, dict[str, Any]]] = [
        ("ingest", {"tiles": (str(place / "tiles"),), "ppd": 2}),
        # As many as an ensemble takes: more make no other kind of record.
        ("fit", {"stations": str(few_oxides), "seeds": 2}),
        ("map", {}),
        ("reduce", {"sampling": "pixels"}),
        ("compare", {}),
        ("prospector", {}),
        ("polar", {}),
        ("provenance", {"feo": SAMPLE_60639["feo"], "sample": "60639"}),
        # Later than the candidates that were drawn without it.
        ("gravity", {"ppd": 1, "degrees": (10, 20), "gradient_degrees": (10, 20)}),
    ]
    for name, inputs in made:
        make(name, root, cluster, **inputs)
    return open_root(root)


def _recorded(root: Root) -> list[Recorded]:
    found = []
    for entry in root.catalog().records:
        objects = root.place(entry.ref).read_all()
        found.append(Recorded(entry, objects["record.json"].decode(), objects))
    return found


def _run(lunarcloud: Command, root: Root, each: Recorded, *words: str) -> dict[str, Any]:
    """`lunarcloud run` from a record's text; the result, which is the last line."""
    process = each.entry.process
    code, out, err = lunarcloud(
        "run", process, "--root", root.url, "--inputs", each.text, "--events", "json", *words
    )
    assert code == 0, err
    result: dict[str, Any] = json.loads(out.splitlines()[-1])
    return result


def test_every_record_is_found_again_from_its_text(root: Root, lunarcloud: Command) -> None:
    for each in _recorded(root):
        found = _run(lunarcloud, root, each)
        assert (found["kind"], found["id"], found["shards_computed"]) == (*_names(each), None)


def test_a_record_that_is_there_is_found_without_tables_arrays_and_a_cluster(root: Root) -> None:
    for each in _recorded(root):
        record = Path(root.place(each.entry.ref).url) / "record.json"
        loaded = loaded_by("run", each.entry.process, "--root", root.url, "--inputs", record)
        # Their import alone takes longer than all that such a command does.
        assert not loaded & (HEAVY | {"pandas", "xarray", "zarr"}), each.entry.process


def test_every_record_is_made_again_to_the_same_bytes(
    root: Root, lunarcloud: Command, scheduler: str
) -> None:
    before = _recorded(root)
    for each in reversed(before):
        root.remove(each.entry)
    left = root.folder.keys()
    assert [key for key in left if "/" in key and not key.startswith("stac/")] == []
    for each in before:
        made = _run(lunarcloud, root, each, "--scheduler", scheduler)
        assert (made["kind"], made["id"]) == _names(each)
        objects = root.place(each.entry.ref).read_all()
        assert objects.keys() == each.objects.keys()
        assert {
            key for key, data in objects.items() if data != each.objects[key] and _is_content(key)
        } == set()


def _names(each: Recorded) -> tuple[str, str]:
    return each.entry.ref.kind, each.entry.ref.id


def _is_content(key: str) -> bool:
    """Whether an object is part of the result: the record says when, entries of a ledger how long and who."""
    return key != "record.json" and not key.startswith("ledger/")
