"""The runs under a root as a STAC collection of static JSON, ``<root>/stac``, for other people's tools.

One item a run, written once; the collection lists the runs of the catalog and is rebuilt from it under
compare-and-swap, so that of two publishers none is lost. Links are relative: a root can be moved or served
by any web server.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lunarcloud.archive import CLEMENTINE, instrument
from lunarcloud.errors import NotFoundError
from lunarcloud.lineage import RECORD, Record, Ref, Root
from lunarcloud.maps import STORE, RunCard, level_name
from lunarcloud.moon import GEOGRAPHIC, grid, lunar_crs
from lunarcloud.quantities import QUANTITIES

if TYPE_CHECKING:  # a repeated command writes no STAC and does not load it
    import pystac

SSYS = "https://stac-extensions.github.io/ssys/v1.1.0/schema.json"
PROCESSING = "https://stac-extensions.github.io/processing/v1.2.0/schema.json"

_COLLECTION = "stac/collection.json"
_ID = "lunar-oxides"
_KIND = "runs"
_ZARR = "application/vnd.zarr; version=3"
_BBOX = [-180.0, -90.0, 180.0, 90.0]
_CORNERS = [[-180.0, -90.0], [180.0, -90.0], [180.0, 90.0], [-180.0, 90.0], [-180.0, -90.0]]
_MOON = {"ssys:targets": ["Moon"], "ssys:target_class": "satellite"}


def complete(root: Root, record: Record[Any]) -> None:
    """Have the collection list a published run: its item first, then the collection of all of them.

    Records of other kinds have no items.
    """
    if record.ref.kind != _KIND:
        return
    if _item_link(record.ref.id).encode() in _stored(root):
        return
    root.folder.write(_item_key(record.ref.id), _json(item(record).to_dict(transform_hrefs=False)))
    # Read inside the swap: whoever publishes later finds this run in the catalog too.
    root.folder.update(_COLLECTION, lambda _: _json(_collection(root).to_dict(transform_hrefs=False)))


def forget(root: Root, ref: Ref) -> None:
    """Have the collection list a removed run no longer."""
    if ref.kind == _KIND and root.folder.exists(_COLLECTION):
        root.folder.update(_COLLECTION, lambda _: _json(_collection(root).to_dict(transform_hrefs=False)))
        root.folder.remove(_item_key(ref.id))


def item(record: Record[RunCard]) -> pystac.Item:
    """A run as a STAC item: where, of which body, from what, by which software, and its maps."""
    import pystac
    from pystac.extensions.projection import ProjectionExtension
    from pystac.utils import datetime_to_str

    card, raster = record.card, grid(record.card.ppd, record.card.shard_edge)
    made_from = {role: parent.ref.id for role, parent in record.given.parents.items()}
    camera, notes = instrument(card.instrument), record.given.notes
    # What is said not to be the archive's data was not observed by its spacecraft.
    observed = camera.observed if not notes else (record.started, record.finished)
    by = {"platform": camera.mission, "instruments": [camera.sensor]} if not notes else {}
    title = f"Lunar oxide maps, {card.ppd} pixels per degree, model {made_from['model']}"
    found = pystac.Item(
        id=record.ref.id,
        geometry={"type": "Polygon", "coordinates": [_CORNERS]},
        bbox=_BBOX,
        datetime=None,
        start_datetime=observed[0],
        end_datetime=observed[1],
        collection=_ID,
        stac_extensions=[SSYS, PROCESSING],
        properties={
            **_MOON,
            "title": " ".join((title, *(f"({note})" for note in notes))),
            **({"description": "; ".join(notes)} if notes else {}),
            **by,
            "created": datetime_to_str(record.finished),
            "processing:datetime": datetime_to_str(record.finished),
            "processing:level": "L4",
            "processing:lineage": f"mosaic {made_from['mosaic']} mapped by model {made_from['model']}",
            "processing:software": record.versions,
        },
    )
    projection = ProjectionExtension.ext(found, add_if_missing=True)
    projection.code = GEOGRAPHIC
    projection.wkt2 = lunar_crs(GEOGRAPHIC).to_wkt("WKT2_2019")
    projection.shape = list(raster.shape)
    projection.transform = [1.0 / raster.ppd, 0.0, -180.0, 0.0, -1.0 / raster.ppd, 90.0]
    projection.bbox = _BBOX
    for name, asset in _assets(record).items():
        found.add_asset(name, asset)
    found.add_link(pystac.Link("collection", "../collection.json", pystac.MediaType.JSON))
    found.add_link(pystac.Link("root", "../collection.json", pystac.MediaType.JSON))
    return found


def _assets(record: Record[RunCard]) -> dict[str, pystac.Asset]:
    import pystac

    place = f"../../{record.ref.path}"
    maps = {
        name: {"name": name, "description": QUANTITIES[name].long_name, "unit": QUANTITIES[name].units}
        for name in record.card.maps
    }
    return {
        "maps": pystac.Asset(
            href=f"{place}/{STORE}/{level_name(0)}",
            title="Zarr group of all maps at full resolution",
            media_type=_ZARR,
            roles=["data"],
            extra_fields={"bands": list(maps.values())},
        ),
        "levels": pystac.Asset(
            href=f"{place}/{STORE}",
            title="Zarr store of all maps at every resolution",
            media_type=_ZARR,
            roles=["data", "overview"],
        ),
        "card": pystac.Asset(
            href=f"{place}/{RECORD}",
            title="Where the maps come from",
            media_type=pystac.MediaType.JSON,
            roles=["metadata"],
        ),
    }


def _stored(root: Root) -> bytes:
    """The collection as it is; empty if there is none."""
    try:
        return root.folder.read(_COLLECTION)
    except NotFoundError:
        return b""


def _collection(root: Root) -> pystac.Collection:
    """All published runs."""
    import pystac

    entries = root.catalog().of(_KIND)
    noted = sorted({note for entry in entries for note in entry.notes})
    # The first runs were published without it.
    names = {entry.facts.get("instrument", CLEMENTINE.name) for entry in entries if not entry.notes}
    cameras = [instrument(name) for name in sorted(names)]
    times = [each.observed for each in cameras] + [(each.published,) * 2 for each in entries if each.notes]
    first, last = (
        min((each[0] for each in times), default=None),
        max((each[1] for each in times), default=None),
    )
    about = "The Moon's oxides, maturity and Mg#, one item for each run."
    found = pystac.Collection(
        id=_ID,
        title="Lunar oxide maps",
        description=" ".join((about, *(f"Some of them: {note}." for note in noted))),
        extent=pystac.Extent(pystac.SpatialExtent([_BBOX]), pystac.TemporalExtent([[first, last]])),
        license="other",
        stac_extensions=[SSYS],
        extra_fields=_MOON,
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


def _item_key(run_id: str) -> str:
    return f"stac/items/{run_id}.json"


def _item_link(run_id: str) -> str:
    return f"./items/{run_id}.json"


def _json(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, indent=1) + "\n").encode()
