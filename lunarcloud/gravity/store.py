"""A Bouguer reduction under a root: its card, its Zarr groups, and one shard of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import xarray as xr
from pydantic import BaseModel, ConfigDict, Field

from lunarcloud import moon
from lunarcloud.archive.gravity import GravityModel
from lunarcloud.archive.topography import Topography
from lunarcloud.engine import Group, MemoryPlan, Product
from lunarcloud.gravity import harmonics
from lunarcloud.gravity.bouguer import PRODUCTS, BouguerField, Reduction, products, sample
from lunarcloud.moon import GEOGRAPHIC, FloatArray, Grid, PolarGrid, Positions, Shard
from lunarcloud.storage import Folder, Layout, Ledger, Variable, digest, open_dataset, read_catalog
from lunarcloud.storage.layout import GRID_MAPPING, grid_mapping

#: Gridded groups of a gravity Zarr: the global grid at its root, the polar ones beneath it. Each is opened
#: by its own URL: ``xarray.open_zarr(url)``, ``xarray.open_zarr(url + "/south")``.
Part: TypeAlias = Literal["global", "north", "south"]
PARTS: tuple[Part, ...] = ("south", "north", "global")

# Part of every id: raise it when the same inputs would give other bytes.
_ALGORITHM = 1
# Codes of mGal and Eotvos: no reduction comes near the ends; the rounding is far below a model's error.
_SCALE, _FILL = 0.001, -(2**31)
_NO_ATTRIBUTES = {"id", "reduction", "ppd", "shard_edge", "polar_limit", "versions"}
# Per pixel of a shard: two angles, eight products, their codes and what encoding copies.
_TASK_BYTES_PER_PIXEL = 220
# Per squared degree: the oversampled grid of one transform.
_TASK_BYTES_PER_DEGREE = 400
# All products at degree 165; at degree 1200 half of it (benchmarks/gravity.py).
_RATE = 1.0


class Grids(NamedTuple):
    """The grids of a reduction: the global one, and where the polar ones end."""

    grid: Grid
    polar_limit: float


class GravityCard(BaseModel):
    """What is known of a reduction, stored beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(description="digest of what went in")
    gravity_model: str
    gravity_digest: str = Field(description="SHA-256 of the model's file")
    gravity_lmax: int
    gm_m3_s2: float
    model_radius_m: float = Field(description="reference radius of the model's coefficients")
    topography: str
    topography_digest: str = Field(description="SHA-256 of the topography's file")
    topography_lmax: int
    topography_mean_radius_m: float
    reduction: Reduction = Field(description="what was asked for")
    degrees: tuple[int, int] = Field(description="degrees of the Bouguer anomaly after clipping")
    gradient_degrees: tuple[int, int] = Field(description="degrees of the gradients after clipping")
    clips: tuple[str, ...] = Field(description="what was clipped, and why")
    powers: int = Field(description="powers of the relief in the finite-amplitude series")
    last_power_mgal: float = Field(description="root mean square of the last of them")
    correlation: float = Field(description="of gravity and attraction of topography, within the degrees")
    lmax: int = Field(description="highest degree of any product")
    ppd: int
    shard_edge: int
    polar_limit: float = Field(description="absolute latitude of the polar grids' edge")
    versions: dict[str, str] = Field(description="of the software that decides the bytes")

    def attributes(self) -> dict[str, Any]:
        """The card as attributes of a Zarr group, with titles and conventions of sign."""
        facts = self.model_dump(mode="json", exclude=_NO_ATTRIBUTES)
        return {
            "title": f"Bouguer gravity of the Moon from {self.gravity_model} and {self.topography}",
            "gravity_id": self.id,
            "density_kg_m3": self.reduction.density_kg_m3,
            "degrees_requested": self.reduction.degrees,
            "gradient_degrees_requested": self.reduction.gradient_degrees,
            "taper_degrees": self.reduction.taper,
            "evaluation_radius_m": self.reduction.radius_m,
            "lowest_degree": 2,
            "sign_convention": "gravity is positive downward; gradients are positive to the north and east",
            "beneath": "south, north (polar stereographic), dh2, harmonics, features: open <url>/<name>",
            "references": "Wieczorek & Phillips 1998, doi 10.1029/97JE03136",
            **facts,
        }


@dataclass(frozen=True, slots=True)
class Gravity:
    """A reduction under a root."""

    card: GravityCard
    place: Folder

    def open(self, part: Part = "global") -> xr.Dataset:
        """The products on a grid as a lazy dataset: mGal and Eotvos."""
        return open_dataset(_group_place(self.place, part))

    def open_table(self, name: Literal["dh2", "features", "harmonics"]) -> xr.Dataset:
        """The Driscoll-Healy grid, the means inside and outside features, or the coefficients."""
        return open_dataset(self.place / name)

    def field(self) -> BouguerField:
        """The reduction as harmonics, to be sampled anywhere."""
        return read_field(self.place)


def gravity_id(model: GravityModel, topography: Topography, reduction: Reduction, grids: Grids) -> str:
    """Digest of what goes into a reduction."""
    facts = [
        _ALGORITHM,
        model.digest,
        topography.digest,
        reduction.model_dump(),
        grids.grid.ppd,
        grids.grid.shard_edge,
        grids.polar_limit,
    ]
    return digest(json.dumps(facts, sort_keys=True).encode())[:16]


def gravity_card(
    model: GravityModel,
    topography: Topography,
    reduction: Reduction,
    grids: Grids,
    field: BouguerField,
    versions: dict[str, str],
) -> GravityCard:
    """The card of a reduction from what went in and what came out."""
    return GravityCard(
        id=gravity_id(model, topography, reduction, grids),
        gravity_model=model.name,
        gravity_digest=model.digest,
        gravity_lmax=model.lmax,
        gm_m3_s2=model.gm,
        model_radius_m=model.radius_m,
        topography=topography.name,
        topography_digest=topography.digest,
        topography_lmax=topography.lmax,
        topography_mean_radius_m=field.mean_radius_m,
        reduction=reduction,
        degrees=field.degrees,
        gradient_degrees=field.gradient_degrees,
        clips=field.clips,
        powers=field.powers,
        last_power_mgal=field.last_mgal,
        correlation=field.correlation,
        lmax=field.lmax,
        ppd=grids.grid.ppd,
        shard_edge=grids.grid.shard_edge,
        polar_limit=grids.polar_limit,
        versions=versions,
    )


def gravity_place(root: Folder, gravity_id: str) -> Folder:
    """Where the Zarr of a reduction is."""
    return root / f"gravity/{gravity_id}.zarr"


def find_gravity(root: Folder, name: str = "latest") -> Gravity:
    """A published reduction by its id, an unmistakable beginning of it, or ``latest``.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    found = read_catalog(root).find("gravity", name).id
    card = GravityCard.model_validate_json((root / "gravity").read(f"{found}.json"))
    return Gravity(card, gravity_place(root, found))


def harmonics_dataset(field: BouguerField, attrs: Mapping[str, Any]) -> xr.Dataset:
    """A reduction's coefficients as a dataset: 4 pi normalised, mGal, (part, degree, order)."""
    described = {"units": "mGal", "normalization": "4 pi, no Condon-Shortley phase"}
    coefficients = {"gravity_disturbance": field.disturbance, "topography_attraction": field.attraction}
    return xr.Dataset(
        {
            name: (
                ("part", "degree", "order"),
                harmonics.to_table(values),
                {**described, "long_name": PRODUCTS[name].long_name},
            )
            for name, values in coefficients.items()
        },
        coords={
            "part": ("part", [0, 1], {"long_name": "0 cosine, 1 sine"}),
            "degree": np.arange(field.lmax + 1),
            "order": np.arange(field.lmax + 1),
        },
        attrs=dict(attrs),
    )


def read_field(place: Folder) -> BouguerField:
    """The reduction whose coefficients are in a gravity Zarr."""
    stored = open_dataset(place / "harmonics").load()
    facts = stored.attrs
    return BouguerField(
        disturbance=harmonics.from_table(stored["gravity_disturbance"].to_numpy()),
        attraction=harmonics.from_table(stored["topography_attraction"].to_numpy()),
        radius_m=facts["evaluation_radius_m"],
        degrees=tuple(facts["degrees"]),
        gradient_degrees=tuple(facts["gradient_degrees"]),
        taper=facts["taper_degrees"],
        clips=tuple(facts["clips"]),
        powers=facts["powers"],
        last_mgal=facts["last_power_mgal"],
        mean_radius_m=facts["topography_mean_radius_m"],
    )


def dh2_dataset(field: BouguerField, attrs: Mapping[str, Any]) -> xr.Dataset:
    """All products on the equally spaced Driscoll-Healy grid (DH2) of the highest degree.

    ``2 lmax + 2`` rows from 90 N (the south pole is left out) and twice as many columns from 0 E, as
    pyshtools makes it: ``SHGrid.from_array(dataset.bouguer_anomaly.values)`` reads it.
    """
    n_rows = 2 * field.lmax + 2
    lat, lon = 90.0 - np.arange(n_rows) * 180.0 / n_rows, np.arange(2 * n_rows) * 180.0 / n_rows
    found = products(field, harmonics.on_dh2(field.lmax))
    dataset = xr.Dataset(
        {
            name: (("lat", "lon"), values.astype(np.float32), _attributes(name))
            for name, values in found.items()
        },
        coords={
            "lat": ("lat", lat, {"standard_name": "latitude", "units": "degrees_north", "axis": "Y"}),
            "lon": ("lon", lon, {"standard_name": "longitude", "units": "degrees_east", "axis": "X"}),
            GRID_MAPPING: grid_mapping(GEOGRAPHIC),
        },
        attrs={**attrs, "Conventions": "CF-1.11"},
    )
    for variable in dataset.data_vars.values():
        variable.encoding["chunks"] = (min(512, n_rows), min(512, 2 * n_rows))
    return dataset


def shard_group(place: Folder, ledgers: Folder, card: GravityCard, part: Part) -> Group:
    """One of the gridded groups, ready for `lunarcloud.engine.compute`."""
    raster = _raster(card, part)
    edge = min(raster.shard_edge, max(raster.shape))
    memory = _TASK_BYTES_PER_PIXEL * edge**2 + _TASK_BYTES_PER_DEGREE * card.lmax**2
    return Group(
        title=f"gravity {part}",
        place=_group_place(place, part),
        ledger=Ledger(ledgers / part),
        layout=gravity_layout(raster),
        function=SampleShard(place, raster),
        memory=MemoryPlan(task=memory),
        rate=_RATE,
    )


def gravity_layout(raster: Grid | PolarGrid) -> Layout:
    """All products on a raster, as integer codes of 0.001 mGal and 0.001 E."""
    return Layout(
        raster=raster,
        variables=tuple(
            Variable(
                name=name,
                dtype="int32",
                fill=_FILL,
                attrs={**_attributes(name), "scale_factor": _SCALE, "add_offset": 0.0},
            )
            for name in PRODUCTS
        ),
    )


@dataclass(frozen=True, slots=True)
class SampleShard:
    """One shard of the products; the coefficients are read from the store once a process."""

    place: Folder
    raster: Grid | PolarGrid

    def __call__(self, shard: Shard) -> Product:
        """The codes of all products on the pixels of a shard."""
        where = _positions(self.raster, shard)
        found = sample(_field(self.place), lat=where.lat, lon=where.lon)
        return Product(arrays={name: _codes(values) for name, values in found.items()})


@lru_cache(maxsize=1)
def _field(place: Folder) -> BouguerField:
    return read_field(place)


def _codes(values: FloatArray) -> np.ndarray[Any, np.dtype[np.int32]]:
    return np.rint(values / _SCALE).astype(np.int32)


def _positions(raster: Grid | PolarGrid, shard: Shard) -> Positions:
    window = raster.window(shard)
    if isinstance(raster, PolarGrid):
        return raster.positions(window)
    return Positions(lat=raster.lat(window)[:, np.newaxis], lon=raster.lon(window)[np.newaxis])


def _raster(card: GravityCard, part: Part) -> Grid | PolarGrid:
    if part == "global":
        return moon.grid(card.ppd, card.shard_edge)
    # As fine at the pole as the global grid along a meridian.
    pixel_m = moon.kilometres(1.0) * 1000.0 / card.ppd
    # As large as the global ones: a shard of few pixels costs nearly as much, the transform is the same.
    return moon.polar_grid(part, limit=card.polar_limit, pixel_m=pixel_m, shard_edge=card.shard_edge)


def _group_place(place: Folder, part: Part) -> Folder:
    return place if part == "global" else place / part


def _attributes(name: str) -> dict[str, str]:
    return {**PRODUCTS[name]._asdict(), "grid_mapping": GRID_MAPPING}
