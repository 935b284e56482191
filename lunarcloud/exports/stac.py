"""What is published under a root as a STAC collection of static JSON, ``<root>/stac``, for others' tools.

One item a record, written once; the collection lists the items of what the catalog has and is rebuilt under
compare-and-swap, so that of two publishers none is lost. Links are relative: a root can be moved or served
by any web server.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lunarcloud.archive import CLEMENTINE, instrument
from lunarcloud.errors import NotFoundError
from lunarcloud.exports.items import BBOX, COLLECTION, MOON, SSYS, has_item, item, item_key
from lunarcloud.lineage import Record, Ref, Root

if TYPE_CHECKING:  # a repeated command writes no STAC and does not load it
    import pystac

_COLLECTION = "stac/collection.json"


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
    if not has_item(record.ref.kind) or _item_link(record.ref.id).encode() in _stored(root):
        return
    root.folder.write(item_key(record.ref.id), _json(item(root, record, says)))
    # Read inside the swap: whoever publishes later finds this record in the catalog too.
    root.folder.update(_COLLECTION, lambda _: _json(_collection(root)))


def forget(root: Root, ref: Ref) -> None:
    """Have the collection list a removed record no longer."""
    if has_item(ref.kind) and root.folder.exists(_COLLECTION):
        root.folder.update(_COLLECTION, lambda _: _json(_collection(root)))
        root.folder.remove(item_key(ref.id))


def _stored(root: Root) -> bytes:
    """The collection as it is; empty if there is none."""
    try:
        return root.folder.read(_COLLECTION)
    except NotFoundError:
        return b""


def _collection(root: Root) -> pystac.Collection:
    """All published records that have an item."""
    import pystac

    # A record is published before its item is written; and a root may be older than the items of its kinds.
    written = set(root.folder.keys("stac/items"))
    entries = [entry for entry in root.catalog().of() if item_key(entry.ref.id) in written]
    noted = sorted({note for entry in entries for note in entry.notes})
    # The first runs were published without it.
    observed = [entry for entry in entries if entry.ref.kind == "runs" and not entry.notes]
    names = {entry.facts.get("instrument", CLEMENTINE.name) for entry in observed}
    cameras = [instrument(name) for name in sorted(names)]
    times = [each.observed for each in cameras if each.observed]
    times += [(entry.published, entry.published) for entry in entries if entry not in observed]
    first, last = (
        min((each[0] for each in times), default=None),
        max((each[1] for each in times), default=None),
    )
    about = "Mosaics, models, maps and gravity of the Moon and what was found on them, one item for each."
    found = pystac.Collection(
        id=COLLECTION,
        title="Lunar composition",
        description=" ".join((about, *(f"Some of them: {note}." for note in noted))),
        extent=pystac.Extent(pystac.SpatialExtent([BBOX]), pystac.TemporalExtent([[first, last]])),
        license="other",
        stac_extensions=[SSYS],
        extra_fields=MOON,
        summaries=pystac.Summaries(
            {
                "platform": list(dict.fromkeys(each.mission for each in cameras)),
                "instruments": list(dict.fromkeys(each.sensor for each in cameras)),
            }
            if cameras
            else {}
        ),
    )
    found.add_link(pystac.Link("root", "./collection.json", pystac.MediaType.JSON))
    for entry in entries:
        found.add_link(pystac.Link("item", _item_link(entry.ref.id), pystac.MediaType.GEOJSON))
    return found


def _item_link(id_: str) -> str:
    return f"./items/{id_}.json"


def _json(document: pystac.STACObject) -> bytes:
    return (json.dumps(document.to_dict(transform_hrefs=False), indent=1) + "\n").encode()
