"""The runs under a root as a STAC collection of static JSON, ``<root>/stac``, for other people's tools.

One item a run, written once; the collection lists the runs of the catalog and is rebuilt from it under
compare-and-swap, so that of two publishers none is lost. Links are relative: a root can be moved or served
by any web server.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lunarcloud.maps import QUANTITIES, Run
from lunarcloud.moon import GEOGRAPHIC, lunar_crs
from lunarcloud.storage import Folder, read_catalog

if TYPE_CHECKING:  # a repeated command writes no STAC and does not load it
    import pystac

SSYS = "https://stac-extensions.github.io/ssys/v1.1.0/schema.json"
PROCESSING = "https://stac-extensions.github.io/processing/v1.2.0/schema.json"

_COLLECTION = "stac/collection.json"
_ID = "lunar-oxides"
_ZARR = "application/vnd.zarr; version=3"
_BBOX = [-180.0, -90.0, 180.0, 90.0]
_CORNERS = [[-180.0, -90.0], [180.0, -90.0], [180.0, 90.0], [-180.0, 90.0], [-180.0, -90.0]]
# Clementine's systematic mapping of the Moon, as the archive's volume description dates it.
_OBSERVED = datetime(1994, 2, 26, tzinfo=UTC), datetime(1994, 4, 21, tzinfo=UTC)
_MOON = {"ssys:targets": ["Moon"], "ssys:target_class": "satellite"}


def publish_stac(root: Folder, run: Run) -> None:
    """Write the item of a published run, then the collection of all published runs."""
    root.write(_item_key(run.card.id), _json(item(run).to_dict(transform_hrefs=False)))
    # Read inside the swap: whoever publishes later finds this run in the catalog too.
    root.update(_COLLECTION, lambda _: _json(_collection(root).to_dict(transform_hrefs=False)))


def in_stac(root: Folder, run: Run) -> bool:
    """Whether the collection lists a run."""
    return root.exists(_COLLECTION) and _item_link(run.card.id).encode() in root.read(_COLLECTION)


def item(run: Run) -> pystac.Item:
    """A run as a STAC item: where, of which body, from what, by which software, and its maps."""
    import pystac
    from pystac.extensions.projection import ProjectionExtension
    from pystac.utils import datetime_to_str

    card, grid = run.card, run.grid
    start, end = _OBSERVED
    found = pystac.Item(
        id=card.id,
        geometry={"type": "Polygon", "coordinates": [_CORNERS]},
        bbox=_BBOX,
        datetime=None,
        start_datetime=start,
        end_datetime=end,
        collection=_ID,
        stac_extensions=[SSYS, PROCESSING],
        properties={
            **_MOON,
            "title": f"Lunar oxide maps, {card.ppd} pixels per degree, model {card.model}",
            "platform": "Clementine",
            "instruments": ["UVVIS"],
            "created": datetime_to_str(card.finished),
            "processing:datetime": datetime_to_str(card.finished),
            "processing:level": "L4",
            "processing:lineage": f"mosaic {card.mosaic} mapped by model {card.model}: {card.command}",
            "processing:software": card.versions,
        },
    )
    projection = ProjectionExtension.ext(found, add_if_missing=True)
    projection.code = GEOGRAPHIC
    projection.wkt2 = lunar_crs(GEOGRAPHIC).to_wkt("WKT2_2019")
    projection.shape = list(grid.shape)
    projection.transform = [1.0 / grid.ppd, 0.0, -180.0, 0.0, -1.0 / grid.ppd, 90.0]
    projection.bbox = _BBOX
    for name, asset in _assets(run).items():
        found.add_asset(name, asset)
    found.add_link(pystac.Link("collection", "../collection.json", pystac.MediaType.JSON))
    found.add_link(pystac.Link("root", "../collection.json", pystac.MediaType.JSON))
    return found


def _assets(run: Run) -> dict[str, pystac.Asset]:
    import pystac

    place = f"../../runs/{run.card.id}"
    maps = {
        name: {"name": name, "description": QUANTITIES[name].long_name, "unit": QUANTITIES[name].units}
        for name in run.card.maps
    }
    return {
        "maps": pystac.Asset(
            href=f"{place}/maps.zarr",
            title="Zarr group of all maps, with overviews",
            media_type=_ZARR,
            roles=["data"],
            extra_fields={"bands": list(maps.values())},
        ),
        "card": pystac.Asset(
            href=f"{place}/run.json",
            title="Where the maps come from",
            media_type=pystac.MediaType.JSON,
            roles=["metadata"],
        ),
    }


def _collection(root: Folder) -> pystac.Collection:
    """All published runs."""
    import pystac

    start, end = _OBSERVED
    found = pystac.Collection(
        id=_ID,
        title="Lunar oxide maps",
        description="The Moon's oxides, maturity and Mg# from Clementine UVVIS, one item for each run.",
        extent=pystac.Extent(pystac.SpatialExtent([_BBOX]), pystac.TemporalExtent([[start, end]])),
        license="other",
        stac_extensions=[SSYS],
        extra_fields=_MOON,
        summaries=pystac.Summaries({"platform": ["Clementine"], "instruments": ["UVVIS"]}),
    )
    found.add_link(pystac.Link("root", "./collection.json", pystac.MediaType.JSON))
    for entry in read_catalog(root).of("run"):
        found.add_link(pystac.Link("item", _item_link(entry.id), pystac.MediaType.GEOJSON))
    return found


def _item_key(run_id: str) -> str:
    return f"stac/items/{run_id}.json"


def _item_link(run_id: str) -> str:
    return f"./items/{run_id}.json"


def _json(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, indent=1) + "\n").encode()
