"""Gravity: the Bouguer anomaly and its gradients from any lunar gravity model and topography."""

from lunarcloud.gravity.bouguer import PRODUCTS, BouguerField, Reduction, reduce_bouguer, sample
from lunarcloud.gravity.card import GravityCard
from lunarcloud.gravity.profiles import contrasts, radial_profile, transect
from lunarcloud.gravity.store import Gravity, find_gravity

__all__ = [
    "PRODUCTS",
    "BouguerField",
    "Gravity",
    "GravityCard",
    "Reduction",
    "contrasts",
    "find_gravity",
    "radial_profile",
    "reduce_bouguer",
    "sample",
    "transect",
]
