"""A root that says it has many records, as after years of reprocessing; what they made is not there."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from lunarcloud.archive.instruments import CLEMENTINE
from lunarcloud.lineage import Catalog, Entry, Head, Parent, Ref
from lunarcloud.lineage.packs import split
from lunarcloud.lineage.root import CATALOG
from lunarcloud.storage import digest, folder

_START, _EVERY = datetime(2026, 1, 1, tzinfo=UTC), timedelta(minutes=5)
# Series of runs, each made again over and over; a run is made of that many others.
_SERIES, _PARENTS = 40, 3


def write_many_records(place: Path, number: int) -> None:
    """Write the catalog of a root, and items of its records that say nothing.

    Parameters
    ----------
    place : Path
        The root.
    number : int
        Of records.
    """
    entries = [_entry(each) for each in range(number)]
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


def _entry(number: int) -> Entry:
    return Entry(
        ref=_ref(number),
        label=f"run {number}",
        series=_series(number),
        process="map",
        digest=_hex(number, 64),
        parents={
            f"input {each}": Parent(ref=_ref(before), digest=_hex(before, 64), series=_series(before))
            for each in range(_PARENTS)
            if (before := number - each - 1) >= 0
        },
        published=_START + number * _EVERY,
        record=_hex(-number, 64),
        facts={"ppd": "64", "instrument": CLEMENTINE.name},
    )


def _ref(number: int) -> Ref:
    return Ref(kind="runs", id=_hex(number, 16))


def _series(number: int) -> str:
    return _hex(number % _SERIES, 16)


def _hex(number: int, length: int) -> str:
    return digest(str(number).encode())[:length]
