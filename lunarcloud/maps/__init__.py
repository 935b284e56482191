"""The fused kernel and its runs: bands of a shard become all oxide maps of it."""

from lunarcloud.maps.layout import (
    FILL,
    NOVELTY,
    QUALITY,
    clip_flag,
    decode,
    encode,
    flags,
    maps_layout,
)
from lunarcloud.maps.overviews import OverviewShard, levels_of
from lunarcloud.maps.plan import MapPlan, completed, map_works, plan_maps
from lunarcloud.maps.sample import sampled_codes
from lunarcloud.maps.store import (
    INTERVALS,
    STORE,
    Run,
    RunCard,
    drawn,
    extrapolated,
    finish_maps,
    level_name,
    load_run,
    overview,
    overview_grid,
    value_range,
)

__all__ = [
    "FILL",
    "INTERVALS",
    "NOVELTY",
    "QUALITY",
    "STORE",
    "MapPlan",
    "OverviewShard",
    "Run",
    "RunCard",
    "clip_flag",
    "completed",
    "decode",
    "drawn",
    "encode",
    "extrapolated",
    "finish_maps",
    "flags",
    "level_name",
    "levels_of",
    "load_run",
    "map_works",
    "maps_layout",
    "overview",
    "overview_grid",
    "plan_maps",
    "sampled_codes",
    "value_range",
]
