"""A Bouguer reduction in its folder: where its parts are, and how they are opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from lunarcloud.gravity import harmonics
from lunarcloud.gravity.bouguer import PRODUCTS, BouguerField
from lunarcloud.gravity.card import GravityCard
from lunarcloud.storage import Folder, open_dataset

if TYPE_CHECKING:  # slow to import, and what finds everything done makes no tables or arrays
    import xarray as xr

#: The Zarr store of a reduction, in the reduction's folder.
STORE = "gravity.zarr"
#: Gridded groups of the store.
Part: TypeAlias = Literal["global", "north", "south"]
PARTS: tuple[Part, ...] = ("global", "north", "south")
#: The other groups: the Driscoll-Healy grid, the means inside and outside features, the coefficients.
Table: TypeAlias = Literal["dh2", "features", "harmonics"]


@dataclass(frozen=True, slots=True)
class Gravity:
    """A finished reduction."""

    card: GravityCard
    place: Folder

    @property
    def store(self) -> Folder:
        """The Zarr store of all groups, for ``xarray.open_datatree``."""
        return self.place / STORE

    def open(self, part: Part = "global") -> xr.Dataset:
        """The products on a grid as a lazy dataset: mGal and Eotvos."""
        return open_dataset(self.store / part)

    def open_table(self, name: Table) -> xr.Dataset:
        """The Driscoll-Healy grid, the means inside and outside features, or the coefficients."""
        return open_dataset(self.store / name)

    def field(self) -> BouguerField:
        """The reduction as harmonics, to be sampled anywhere."""
        return read_field(self.store)


def load_gravity(place: Folder, card: GravityCard) -> Gravity:
    """The reduction of a folder; nothing is read yet.

    Parameters
    ----------
    place : Folder
        The reduction's folder.
    card : GravityCard
        What is known of it.
    """
    return Gravity(card, place)


def harmonics_dataset(field: BouguerField, attrs: Mapping[str, Any]) -> xr.Dataset:
    """A reduction's coefficients as a dataset: 4 pi normalised, mGal, (part, degree, order)."""
    import xarray as xr

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
            **{name: (name, np.arange(field.lmax + 1), {"long_name": name}) for name in ("degree", "order")},
        },
        attrs=dict(attrs),
    )


def read_field(store: Folder) -> BouguerField:
    """The reduction whose coefficients are in a gravity Zarr."""
    stored = open_dataset(store / "harmonics").load()
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
