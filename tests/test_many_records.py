"""A root with ten thousand records is as quick to use as one with a hundred."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pystac
import pytest
from pydantic import BaseModel

from lunarcloud.lineage import Given, Record, Ref, open_root, series_of
from lunarcloud.lineage.root import _packed
from lunarcloud.processes import add_stations
from lunarcloud.storage import folder
from lunarcloud.testing.faulty_proxy import faulty_proxy
from lunarcloud.testing.fixtures import Command
from lunarcloud.testing.make import make
from lunarcloud.testing.many_records import write_many_records
from lunarcloud.testing.s3_server import S3, reconnect

MANY, MEGABYTE = 10_000, 1_000_000
TABLE = "site,lat,lon,feo,r415,r750,r900,r950,r1000\nHere,1,5,9.9,.06,.095,.092,.093,.096\n"


@pytest.fixture(scope="module", params=[40, MANY], ids=["of_40_series", "of_as_many_series"])
def many(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """On a disk, with a table of stations published after all of them."""
    place = tmp_path_factory.mktemp("many")
    write_many_records(place, MANY, request.param)
    make("stations", place)
    return place


@pytest.fixture
def in_bucket(many: Path, s3_environment: S3) -> str:
    """A root with what of it says which records there are."""
    here, there = folder(many), folder(f"s3://moon/{uuid4().hex[:8]}")
    for under in ("catalog", "stac/older"):
        for key, data in here.read_all(under).items():
            there.write(key, data)
    for key in ("catalog.json", "stac/collection.json"):
        there.write(key, here.read(key))
    return there.url


def test_a_list_and_a_publication_move_less_than_a_megabyte(
    in_bucket: str, s3_environment: S3, tmp_path: Path, lunarcloud: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "table.csv"
    table.write_text(TABLE)
    with faulty_proxy(s3_environment.endpoint) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        reconnect()
        code, out, _ = lunarcloud("list", "--root", in_bucket)
        listed = proxy.moved
        add_stations(open_root(in_bucket), str(table))
        made = make("stations", in_bucket).record
        published = proxy.moved - listed
        after = open_root(in_bucket).catalog()
    assert code == 0
    assert f"under {in_bucket}; older ones with --all" in out
    assert 0 < listed < MEGABYTE
    assert 0 < published < MEGABYTE
    assert after.records[-1].ref == made.ref
    assert len(after.records) == MANY + 2


@pytest.mark.parametrize("many", [MANY], indirect=True, ids=["of_as_many_series"])
def test_what_is_made_of_old_heads_moves_less_than_a_megabyte(
    in_bucket: str, s3_environment: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though neither these nor their series are among what was published last."""
    old = [open_root(in_bucket).catalog().records[number] for number in (10, 20, 30)]
    for entry in old:
        # It says where its entry is.
        folder(in_bucket).write(f"{entry.ref.path}/record.json", f'{{"series": "{entry.series}"}}'.encode())
    now = datetime.now(UTC)
    with faulty_proxy(s3_environment.endpoint) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        reconnect()
        _packed.cache_clear()
        root = open_root(in_bucket)
        found = [root.find(entry.ref.kind, entry.ref.id) for entry in old]
        parents = {f"input {number}": entry.as_parent() for number, entry in enumerate(found)}
        record = Record[_Nothing](
            ref=Ref(kind="samples", id="a" * 16),
            process="sample",
            algorithm=1,
            series=series_of("sample", {}, parents),
            given=Given(parents=parents),
            versions={},
            started=now,
            finished=now,
            digest="b" * 64,
            outputs={},
            card=_Nothing(),
        )
        made = root.publish(record)
        moved = proxy.moved
    assert found == old
    assert 0 < moved < MEGABYTE
    assert root.find("samples") == made


def test_all_are_listed_if_they_are_wanted(many: Path, lunarcloud: Command) -> None:
    assert f"{MANY + 1} records under" in lunarcloud("list", "--root", many, "--all")[1]
    assert f"{MANY} records under" in lunarcloud("list", "runs", "--root", many, "--all")[1]


def test_the_collection_leads_to_every_item(many: Path) -> None:
    assert len(set(_items(many))) == len(_items(many)) == MANY + 1
    assert len(_collection(many).get_item_links()) < 150
    first = _collection(many).extent.temporal.intervals[0][0]
    assert first is not None
    assert first.year == 1994


def test_a_removed_record_is_listed_no_longer_and_nothing_is_left_of_it(
    many: Path, tmp_path: Path, lunarcloud: Command
) -> None:
    many = Path(shutil.copytree(many, tmp_path / "root"))
    old = open_root(many).catalog().records[0]
    item = f"{many}/stac/items/{old.ref.id}.json"
    assert item in _items(many)
    # As the second half of a removal that was stopped.
    (many / "stac/items/aaaaaaaaaaaaaaaa.json").write_text("{}")
    assert lunarcloud("remove", old.ref.id, "--root", many)[0] == 2  # others were made from it
    last = open_root(many).find("stations")
    assert lunarcloud("remove", last.ref.id, "--root", many)[0] == 0
    assert len(set(_items(many))) == len(_items(many)) == MANY
    assert {str(path) for path in many.glob("stac/items/*")} == set(_items(many))


class _Nothing(BaseModel):
    """A card."""


def _collection(root: Path) -> pystac.Collection:
    return pystac.Collection.from_file(f"{root}/stac/collection.json")


def _items(root: Path) -> list[str]:
    """Files of all items that the collection leads to."""
    found = _collection(root)
    links = (link for each in (found, *found.get_children()) for link in each.get_item_links())
    return [str(link.get_absolute_href()) for link in links]
