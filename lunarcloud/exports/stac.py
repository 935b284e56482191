"""What is published under a root as a STAC collection of static JSON, ``<root>/stac``, for others' tools.

One item a record, written once. The collection links the last ones itself, and the others through pages: such
catalogs never change. It is changed under compare-and-swap, so that of two publishers none is lost. Links
are relative: a root can be moved or served by any web server.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from lunarcloud.archive import CLEMENTINE, instrument
from lunarcloud.errors import NotFoundError
from lunarcloud.exports.items import BBOX, COLLECTION, MOON, SSYS, has_item, item, item_key
from lunarcloud.lineage import Entry, Record, Root
from lunarcloud.storage import digest

if TYPE_CHECKING:  # a repeated command writes no STAC and does not load it
    import pystac

_COLLECTION = "stac/collection.json"
# Items that a page links, and how many the collection links itself at least.
_PAGE, _KEPT = 100, 50
_ABOUT = "Mosaics, models, maps and gravity of the Moon and what was found on them, one item for each."


def complete(root: Root, record: Record[Any], says: Mapping[str, str]) -> None:
    """Have the collection list a published record: its item first, then the collection of all of them.

    Parameters
    ----------
    root : Root
        Where it is published.
    record : Record
        What was published.
    says : mapping of str to str
        What all that it made says of itself: ``source``, ``references``, ``license``.
    """
    if not has_item(record.ref.kind) or _is_listed(root, record.ref.id):
        return
    root.folder.write(item_key(record.ref.id), _json(item(root, record, says)))

    def grown(data: bytes | None) -> bytes:
        present = _parsed(data)
        if not present:
            return _json(_anew(root))
        items = [each for each in _linked(present, "item") if each != record.ref.id]
        # Whoever was killed before this step may come back to it late.
        known = (*root.recent().of(), *filter(None, [root.get(record.ref)]))
        return _json(_paged(root, known, [*items, record.ref.id], present))

    root.folder.update(_COLLECTION, grown)


def relist(root: Root) -> None:
    """Have the collection list what is published and nothing else, after records were removed."""
    if not root.folder.exists(_COLLECTION):
        return
    # Before the catalog: a record is published before its item is written.
    items = root.folder.keys("stac/items")
    root.folder.update(_COLLECTION, lambda _: _json(_anew(root)))
    published = {item_key(entry.ref.id) for entry in root.catalog().of()}
    for key in items:
        if key not in published:
            root.folder.remove(key)


def unlinked(root: Root) -> list[str]:
    """Keys of pages that the collection does not link: it did before records were removed."""
    keys = root.folder.keys("stac/older")
    return sorted(set(keys) - set(map(_page_key, _linked(_read(root, _COLLECTION), "child"))))


def _is_listed(root: Root, id_: str) -> bool:
    present = _read(root, _COLLECTION)
    if id_ in _linked(present, "item"):
        return True
    pages = _linked(present, "child")
    # What has no item yet, as every new record, is on none.
    may_be = bool(pages) and root.folder.exists(item_key(id_))
    return may_be and any(id_ in _items(root, each) for each in pages)


def _anew(root: Root) -> pystac.Collection:
    """The collection of all published records that have an item."""
    # A record is published before its item is written; and a root may be older than the items of its kinds.
    written = set(root.folder.keys("stac/items"))
    entries = root.catalog().of()
    items = [entry.ref.id for entry in entries if item_key(entry.ref.id) in written]
    return _paged(root, entries, items, {})


def _page(root: Root, items: Sequence[str]) -> str:
    """Write a page of items; its name."""
    import pystac

    page = pystac.Catalog(id=f"older-{items[0]}", description="Records that were published earlier.")
    page.add_link(pystac.Link("root", "../collection.json", pystac.MediaType.JSON))
    page.add_link(pystac.Link("parent", "../collection.json", pystac.MediaType.JSON))
    for each in items:
        page.add_link(pystac.Link("item", f"../items/{each}.json", pystac.MediaType.GEOJSON))
    data = _json(page)
    name = digest(data)[:16]
    # Also where it is there: what is linked soon must not look old to whoever removes what is unlinked.
    root.folder.write(_page_key(name), data)
    return name


def _items(root: Root, page: str) -> list[str]:
    return _linked(_read(root, _page_key(page)), "item")


def _paged(
    root: Root, entries: Iterable[Entry], items: Sequence[str], present: Mapping[str, Any]
) -> pystac.Collection:
    """The collection of its present pages and some items, the first of too many on pages of their own."""
    pages = _linked(present, "child")
    known = {entry.ref.id: entry for entry in entries}
    listed = [known[each] for each in items if each in known]
    # Of those that are not known here it goes on to say what it said.
    past = present if pages or len(listed) < len(items) else {}
    while len(items) >= _PAGE + _KEPT:
        pages.append(_page(root, items[:_PAGE]))
        items = items[_PAGE:]
    return _collection(listed, items, pages, past)


def _collection(
    entries: Sequence[Entry], items: Sequence[str], pages: Sequence[str], past: Mapping[str, Any]
) -> pystac.Collection:
    import pystac

    # The first runs were published without it.
    observed = {entry.ref: entry for entry in entries if entry.ref.kind == "runs" and not entry.notes}
    names = {entry.facts.get("instrument", CLEMENTINE.name) for entry in observed.values()}
    cameras = [instrument(name) for name in sorted(names)]
    times = [each.observed for each in cameras if each.observed]
    times += [(entry.published, entry.published) for entry in entries if entry.ref not in observed]
    times += _interval(past)
    first, last = (
        min((each[0] for each in times), default=None),
        max((each[1] for each in times), default=None),
    )
    summaries = {
        name: list(dict.fromkeys((*past.get("summaries", {}).get(name, ()), *found)))
        for name, found in (
            ("platform", [each.mission for each in cameras]),
            ("instruments", [each.sensor for each in cameras]),
        )
    }
    found = pystac.Collection(
        id=COLLECTION,
        title="Lunar composition",
        description=_description(past.get("description", _ABOUT), entries),
        extent=pystac.Extent(pystac.SpatialExtent([BBOX]), pystac.TemporalExtent([[first, last]])),
        license="other",
        stac_extensions=[SSYS],
        extra_fields=MOON,
        summaries=pystac.Summaries(summaries if all(summaries.values()) else {}),
    )
    found.add_link(pystac.Link("root", "./collection.json", pystac.MediaType.JSON))
    for name in pages:
        found.add_link(pystac.Link("child", f"./older/{name}.json", pystac.MediaType.JSON))
    for each in items:
        found.add_link(pystac.Link("item", f"./items/{each}.json", pystac.MediaType.GEOJSON))
    return found


def _interval(past: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """When what the collection listed was observed or made."""
    import pystac

    if not past:
        return []
    return [
        (first, last)
        for first, last in pystac.Extent.from_dict(past["extent"]).temporal.intervals
        if first is not None and last is not None
    ]


def _description(said: str, entries: Iterable[Entry]) -> str:
    notes = sorted({note for entry in entries for note in entry.notes})
    sentences = (f"Some of them: {note}." for note in notes)
    return " ".join((said, *(each for each in sentences if each not in said)))


def _read(root: Root, key: str) -> dict[str, Any]:
    try:
        return _parsed(root.folder.read(key))
    except NotFoundError:
        return {}


def _parsed(data: bytes | None) -> dict[str, Any]:
    """A collection or page as it is stored; empty if there is none, or a damaged one: it is made again."""
    with suppress(ValueError):
        found = json.loads(data or b"{}")
        if isinstance(found, dict) and "links" in found:
            return found
    return {}


def _linked(document: Mapping[str, Any], relation: str) -> list[str]:
    """Names of the items or pages that a collection or page links."""
    links = document.get("links", ())
    return [PurePosixPath(each["href"]).stem for each in links if each["rel"] == relation]


def _page_key(name: str) -> str:
    return f"stac/older/{name}.json"


def _json(document: pystac.STACObject) -> bytes:
    return (json.dumps(document.to_dict(transform_hrefs=False), indent=1) + "\n").encode()
