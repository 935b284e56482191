"""Gravity: the Bouguer anomaly and its gradients from any lunar gravity model and topography."""

from lunarcloud.gravity.bouguer import (
    PRODUCTS,
    BouguerField,
    Reduction,
    held_degrees,
    reduce_bouguer,
    sample,
    surface_radius,
)
from lunarcloud.gravity.card import GravityCard, Grids, gravity_card
from lunarcloud.gravity.frames import PRINCIPAL_AXES, Frame, in_mean_earth
from lunarcloud.gravity.grids import finish_gravity, gravity_works, gridded, part_group, write_harmonics
from lunarcloud.gravity.profiles import contrasts, radial_profile, transect
from lunarcloud.gravity.store import PARTS, STORE, Gravity, Part, load_gravity

__all__ = [
    "PARTS",
    "PRINCIPAL_AXES",
    "PRODUCTS",
    "STORE",
    "BouguerField",
    "Frame",
    "Gravity",
    "GravityCard",
    "Grids",
    "Part",
    "Reduction",
    "contrasts",
    "finish_gravity",
    "gravity_card",
    "gravity_works",
    "gridded",
    "held_degrees",
    "in_mean_earth",
    "load_gravity",
    "part_group",
    "radial_profile",
    "reduce_bouguer",
    "sample",
    "surface_radius",
    "transect",
    "write_harmonics",
]
