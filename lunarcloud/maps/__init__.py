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
from lunarcloud.maps.plan import MapPlan, finished, plan_maps, require_same_bands
from lunarcloud.maps.store import Run, RunCard, finish_maps, level_name, multiscales

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
    "finish_maps",
    "finished",
    "level_name",
    "maps_layout",
    "multiscales",
    "plan_maps",
    "require_same_bands",
]
