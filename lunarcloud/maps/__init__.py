"""The fused kernel and its runs: bands of a shard become all oxide maps of it."""

from lunarcloud.maps.layout import (
    FILL,
    FLAGS,
    MG_NUMBER,
    NOVELTY,
    QUALITY,
    QUANTITIES,
    maps_layout,
)
from lunarcloud.maps.plan import MapPlan, plan_maps
from lunarcloud.maps.store import Run, RunCard, find_run, level_name, multiscales

__all__ = [
    "FILL",
    "FLAGS",
    "MG_NUMBER",
    "NOVELTY",
    "QUALITY",
    "QUANTITIES",
    "MapPlan",
    "Run",
    "RunCard",
    "find_run",
    "level_name",
    "maps_layout",
    "multiscales",
    "plan_maps",
]
