"""A Bouguer reduction under a root: where it is, and how it is opened."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import xarray as xr

from lunarcloud.gravity import harmonics
from lunarcloud.gravity.bouguer import PRODUCTS, BouguerField
from lunarcloud.gravity.card import GravityCard
from lunarcloud.storage import Folder, open_dataset, read_card, read_catalog

#: Gridded groups of a gravity Zarr: the global grid at its root, the polar ones beneath it. Each is opened
#: by its own URL: ``xarray.open_zarr(url)``, ``xarray.open_zarr(url + "/south")``.
Part: TypeAlias = Literal["global", "north", "south"]
#: In the order of computing: the global one last, since its metadata, at the root, makes all of them visible.
PARTS: tuple[Part, ...] = ("south", "north", "global")


@dataclass(frozen=True, slots=True)
class Gravity:
    """A reduction under a root.

    Attributes
    ----------
    card : GravityCard
        What went in and what was used.
    place : Folder
        Its Zarr.
    """

    card: GravityCard
    place: Folder

    def open(self, part: Part = "global") -> xr.Dataset:
        """The products on a grid as a lazy dataset: mGal and Eotvos."""
        return open_dataset(part_place(self.place, part))

    def open_table(self, name: Literal["dh2", "features", "harmonics"]) -> xr.Dataset:
        """The Driscoll-Healy grid, the means inside and outside features, or the coefficients."""
        return open_dataset(self.place / name)

    def field(self) -> BouguerField:
        """The reduction as harmonics, to be sampled anywhere."""
        return read_field(self.place)


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
    card = read_card(root / "gravity", f"{found}.json", GravityCard)
    return Gravity(card, gravity_place(root, found))


def part_place(place: Folder, part: Part) -> Folder:
    """Where one of the gridded groups of a gravity Zarr is."""
    return place if part == "global" else place / part


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
