"""The fused kernel and its runs: bands of a shard become all oxide maps of it."""

from lunarcloud.maps.layout import (
    FILL,
    FLAGS,
    NOVELTY,
    QUALITY,
    decode,
    maps_layout,
)
from lunarcloud.maps.plan import MapPlan, completed, map_works, plan_maps
from lunarcloud.maps.sample import sampled_codes
from lunarcloud.maps.store import (
    STORE,
    Run,
    RunCard,
    finish_maps,
    level_name,
    load_run,
    multiscales,
    overview,
    overview_grid,
)

__all__ = [
    "FILL",
    "FLAGS",
    "NOVELTY",
    "QUALITY",
    "STORE",
    "MapPlan",
    "Run",
    "RunCard",
    "completed",
    "decode",
    "finish_maps",
    "level_name",
    "load_run",
    "map_works",
    "maps_layout",
    "multiscales",
    "overview",
    "overview_grid",
    "plan_maps",
    "sampled_codes",
]
