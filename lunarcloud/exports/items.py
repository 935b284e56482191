"""A published record as a STAC item: where, when, of which body, from what, and how each part is opened."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lunarcloud.archive import Instrument, instrument
from lunarcloud.lineage import RECORD, Record, Root
from lunarcloud.moon import GEOGRAPHIC, Grid, lunar_crs
from lunarcloud.quantities import QUANTITIES
from lunarcloud.redaction import without_credentials
from lunarcloud.storage import bounds, transform

if TYPE_CHECKING:  # a repeated command writes no STAC and does not load it
    import pystac

SSYS = "https://stac-extensions.github.io/ssys/v1.1.0/schema.json"
PROCESSING = "https://stac-extensions.github.io/processing/v1.2.0/schema.json"
SCIENTIFIC = "https://stac-extensions.github.io/scientific/v1.0.0/schema.json"
XARRAY = "https://stac-extensions.github.io/xarray-assets/v1.0.0/schema.json"

#: Id of the collection of all items.
COLLECTION = "lunar-oxides"
#: Of every item and of the collection.
MOON = {"ssys:targets": ["Moon"], "ssys:target_class": "satellite"}
BBOX = [-180.0, -90.0, 180.0, 90.0]

# What a record of a kind is; kinds that are not here have no items.
_WHAT = {
    "mosaics": "Reflectance mosaic of the Moon",
    "stations": "Ground truth of lunar composition",
    "models": "Model of lunar composition",
    "runs": "Lunar oxide maps",
    "gravity": "Bouguer gravity of the Moon",
    "statistics": "Equal-area statistics of lunar maps",
    "comparisons": "Comparison of lunar maps",
    "polar": "Potential mare basalt around a pole",
    "provenance": "Where a lunar sample could come from",
}
# Tables and networks are of no place.
_NOWHERE = ("stations", "models")
_GRIDS: Mapping[str, Callable[[Any], Grid]] = {
    "mosaics": lambda card: card.grid,
    "runs": lambda card: card.grid,
    "gravity": lambda card: card.grids.grid,
}
_ZARR = "application/vnd.zarr; version=3"
_OPEN = {"engine": "zarr", "chunks": {}}
# What other files of a record are, by the ends of their names.
_FILES = {
    ".csv": ("text/csv", "data"),
    ".onnx": ("application/vnd.onnx", "data"),
    ".geojson": ("application/geo+json", "data"),
}
# Pictures that show best what a record is; of others the first.
_PREVIEWS = ("figures/feo_cnn.png", "figures/feo_equation.png", "figures/globe.png", "difference_feo.png")
_DOI = re.compile(r"(?P<citation>[^;]+?), doi (?P<doi>10\.\S+?)(?=;|$)")


def has_item(kind: str) -> bool:
    """Whether records of a kind have items."""
    return kind in _WHAT


def item_key(id_: str) -> str:
    """Where the item of a record is, under the root."""
    return f"stac/items/{id_}.json"


def publications(references: str) -> list[dict[str, str]]:
    """Citations and DOIs of a text as attributes have it: ``Qiu, Yan & Liu 2025, doi 10.1038/...``."""
    return [match.groupdict() for match in _DOI.finditer(references)]


def item(root: Root, record: Record[Any], says: Mapping[str, str]) -> pystac.Item:
    """A record as a STAC item.

    Parameters
    ----------
    root : Root
        Where it is published.
    record : Record
        Of a kind that `has_item`.
    says : mapping of str to str
        What all that it made says of itself: ``source``, ``references``, ``license``.
    """
    import pystac

    bbox, (start, end), assets = _bbox(record), _times(record), dict(_assets(record))
    properties = {**MOON, **_properties(record, says)}
    found = pystac.Item(
        id=record.ref.id,
        geometry=None if bbox is None else _rectangle(bbox),
        bbox=bbox,
        datetime=None,
        start_datetime=start,
        end_datetime=end,
        collection=COLLECTION,
        stac_extensions=[SSYS, PROCESSING, *_extensions(properties, assets)],
        properties=properties,
    )
    if record.ref.kind in _GRIDS:
        _project(found, _GRIDS[record.ref.kind](record.card))
    for name, asset in assets.items():
        found.add_asset(name, asset)
    for link in _links(root, record, says):
        found.add_link(link)
    return found


def _extensions(properties: Mapping[str, Any], assets: Mapping[str, pystac.Asset]) -> Iterator[str]:
    """Those that ask for a field where they are named."""
    if "sci:publications" in properties:
        yield SCIENTIFIC
    if any("xarray:open_kwargs" in asset.extra_fields for asset in assets.values()):
        yield XARRAY


def _properties(record: Record[Any], says: Mapping[str, str]) -> dict[str, Any]:
    from pystac.utils import datetime_to_str

    notes, camera = record.given.notes, _camera(record)
    made_from = [f"{role} {parent.ref.id}" for role, parent in record.given.parents.items()]
    scale = [f"{record.card.ppd} pixels per degree"] if record.ref.kind in _GRIDS else []
    title = ", ".join((_WHAT[record.ref.kind], *scale, *made_from))
    cited = publications(says["references"])
    return {
        "title": " ".join((title, *(f"({note})" for note in notes))),
        "description": "; ".join((*notes, f"made from {says['source']}", says["license"])),
        # What is said not to be the archive's data was not observed by its spacecraft.
        **({"platform": camera.mission, "instruments": [camera.sensor]} if camera and not notes else {}),
        "license": "other",
        "created": datetime_to_str(record.finished),
        "lunarcloud:kind": record.ref.kind,
        "processing:datetime": datetime_to_str(record.finished),
        "processing:level": "L4",
        "processing:lineage": f"{record.process} of {' and '.join(made_from) or says['source']}",
        "processing:software": record.versions,
        **({"sci:publications": cited} if cited else {}),
    }


def _camera(record: Record[Any]) -> Instrument | None:
    """Who measured what a record shows, pixel by pixel."""
    return instrument(record.card.instrument) if record.ref.kind in ("mosaics", "runs") else None


def _times(record: Record[Any]) -> tuple[datetime, datetime]:
    camera = _camera(record)
    observed = camera.observed if camera and not record.given.notes else None
    return observed or (record.started, record.finished)


def _bbox(record: Record[Any]) -> list[float] | None:
    if record.ref.kind in _NOWHERE:
        return None
    if record.ref.kind != "polar":
        return BBOX
    limit = float(record.given.inputs["limit"])
    south = record.given.inputs["pole"] == "south"
    return [-180.0, -90.0, 180.0, -limit] if south else [-180.0, limit, 180.0, 90.0]


def _rectangle(bbox: list[float]) -> dict[str, Any]:
    west, south, east, north = bbox
    corners = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [corners]}


def _project(found: pystac.Item, raster: Grid) -> None:
    from pystac.extensions.projection import ProjectionExtension

    projection = ProjectionExtension.ext(found, add_if_missing=True)
    projection.code = GEOGRAPHIC
    projection.wkt2 = lunar_crs(GEOGRAPHIC).to_wkt("WKT2_2019")
    projection.shape = list(raster.shape)
    projection.transform = transform(raster)
    projection.bbox = list(bounds(raster))


def _assets(record: Record[Any]) -> Iterator[tuple[str, pystac.Asset]]:
    """Its Zarr stores, tables and models, a picture, and the record itself."""
    import pystac

    for store in (key.removesuffix("/zarr.json") for key in record.outputs if _is_store(key)):
        yield from _of_store(record, store)
    for key in record.outputs:
        end = key[key.rfind(".") :]
        if "/" not in key and end in _FILES:
            media, role = _FILES[end]
            yield key, pystac.Asset(_href(record, key), title=key, media_type=media, roles=[role])
    if preview := _preview(record):
        picture = pystac.MediaType.PNG
        yield (
            "preview",
            pystac.Asset(
                _href(record, preview), title="Picture of it", media_type=picture, roles=["thumbnail"]
            ),
        )
    yield (
        "card",
        pystac.Asset(
            _href(record, RECORD),
            title="What it is and what it was made from",
            media_type=pystac.MediaType.JSON,
            roles=["metadata"],
        ),
    )


def _is_store(key: str) -> bool:
    return key.endswith(".zarr/zarr.json") and key.count("/") == 1


def _of_store(record: Record[Any], store: str) -> Iterator[tuple[str, pystac.Asset]]:
    """A store that xarray opens; of one with groups inside, its first one, and all of them as a tree."""
    import pystac

    name = store.removesuffix(".zarr")
    inner = [group.rstrip("/") for group in record.groups if group.startswith(f"{store}/")]
    main = next((group for group in inner if group != store), store)
    yield (
        name,
        pystac.Asset(
            _href(record, main),
            title=f"Zarr group {main}",
            media_type=_ZARR,
            roles=["data"],
            extra_fields={"xarray:open_kwargs": {**_OPEN, "consolidated": True}, **_bands(record, main)},
        ),
    )
    if main != store:
        yield (
            "levels" if name == "maps" else "groups",
            pystac.Asset(
                _href(record, store),
                title=f"Zarr store of all groups of {store}, for xarray.open_datatree",
                media_type=_ZARR,
                roles=["data", "overview"],
                extra_fields={"xarray:open_kwargs": _OPEN},
            ),
        )


def _bands(record: Record[Any], group: str) -> dict[str, Any]:
    """Bands of a mosaic and maps of a run, where a group holds them."""
    if record.ref.kind == "mosaics":
        camera = record.card.camera
        pairs = zip(camera.bands, camera.wavelengths_nm, strict=True)
        return {"bands": [{"name": name, "description": f"{centre:g} nm"} for name, centre in pairs]}
    if record.ref.kind == "runs" and group.startswith("maps.zarr/"):
        rows = ((name, QUANTITIES[name]) for name in record.card.maps)
        return {
            "bands": [{"name": name, "description": row.long_name, "unit": row.units} for name, row in rows]
        }
    return {}


def _preview(record: Record[Any]) -> str | None:
    pictures = [key for key in record.outputs if key.endswith(".png")]
    return next((key for key in _PREVIEWS if key in pictures), next(iter(sorted(pictures)), None))


def _href(record: Record[Any], key: str) -> str:
    return f"../../{record.ref.path}/{key}"


def _links(root: Root, record: Record[Any], says: Mapping[str, str]) -> Iterator[pystac.Link]:
    import pystac

    # A folder's path means nothing elsewhere; without one a reader takes the address that it came by.
    if "://" in root.url:
        address = f"{without_credentials(root.url)}/{item_key(record.ref.id)}"
        yield pystac.Link("self", address, pystac.MediaType.GEOJSON)
    yield pystac.Link("collection", "../collection.json", pystac.MediaType.JSON)
    yield pystac.Link("root", "../collection.json", pystac.MediaType.JSON)
    for role, parent in record.given.parents.items():
        # Models that are built in have none, nor what was published before its kind had items.
        if root.folder.exists(item_key(parent.ref.id)):
            target, title = f"./{parent.ref.id}.json", f"{role} {parent.ref}"
            yield pystac.Link("derived_from", target, pystac.MediaType.GEOJSON, title=title)
    for each in publications(says["references"]):
        yield pystac.Link("cite-as", f"https://doi.org/{each['doi']}")
