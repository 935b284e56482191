"""What is fetched from the archives: one table of sources, one way over HTTP, into a folder or a bucket."""

from typing import TYPE_CHECKING

from lunarcloud.lazy import lazily

if TYPE_CHECKING:
    from lunarcloud.fetching.plan import Plan, plan_fetch
    from lunarcloud.fetching.region import Box, box_of, tiles_in
    from lunarcloud.fetching.sources import SOURCES, Piece, Source
    from lunarcloud.fetching.transfer import Fetched, carry_out

__all__ = [
    "SOURCES",
    "Box",
    "Fetched",
    "Piece",
    "Plan",
    "Source",
    "box_of",
    "carry_out",
    "plan_fetch",
    "tiles_in",
]

__getattr__ = lazily(
    __name__,
    {
        "plan": ("Plan", "plan_fetch"),
        "region": ("Box", "box_of", "tiles_in"),
        "sources": ("SOURCES", "Piece", "Source"),
        "transfer": ("Fetched", "carry_out"),
    },
)
