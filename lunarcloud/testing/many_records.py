"""A root that says it has many records, as after years of reprocessing; what they made is not there."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from lunarcloud.archive.instruments import CLEMENTINE
from lunarcloud.lineage import Catalog, Entry, Head, Parent, Ref
from lunarcloud.lineage.packs import split
from lunarcloud.lineage.root import CATALOG
from lunarcloud.storage import digest, folder

_START, _EVERY = datetime(2026, 1, 1, tzinfo=UTC), timedelta(minutes=5)
# A run is made of that many others.
_PARENTS = 3


def write_many_records(place: Path, number: int, series: int) -> None:
    """Write the catalog of a root, and items of its records that say nothing.

    Parameters
    ----------
    place : Path
        The root.
    number : int
        Of records.
    series : int
        Of runs; each is made again over and over if they are fewer.
    """
    entries = [_entry(each, series) for each in range(number)]
    heads = {entry.series: Head(id=entry.ref.id, desired=entry.ref.id) for entry in entries}
    catalog = Catalog(records=tuple(entries), heads=heads, main={"runs": entries[0].series})
    own, packs = split(catalog, {})
    for key, data in packs.items():
        folder(place).write(key, data)
    folder(place).write(CATALOG, own.model_dump_json(indent=1).encode())
    items = place / "stac" / "items"
    items.mkdir(parents=True)
    for entry in entries:
        (items / f"{entry.ref.id}.json").write_text("{}")


def _entry(number: int, series: int) -> Entry:
    before = range(max(0, number - _PARENTS), number)
    return Entry(
        ref=_ref(number),
        label=f"run {number}",
        series=_hex(number % series, 16),
        process="map",
        digest=_hex(number, 64),
        parents={f"input {number - each}": _parent(each, series) for each in before},
        published=_START + number * _EVERY,
        record=_hex(-number, 64),
        facts={"ppd": "64", "instrument": CLEMENTINE.name},
    )


def _parent(number: int, series: int) -> Parent:
    return Parent(ref=_ref(number), digest=_hex(number, 64), series=_hex(number % series, 16))


def _ref(number: int) -> Ref:
    return Ref(kind="runs", id=_hex(number, 16))


def _hex(number: int, length: int) -> str:
    return digest(str(number).encode())[:length]
