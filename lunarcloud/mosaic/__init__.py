"""Ingest: archive tiles become the reflectance mosaic on the global grid."""

from typing import TYPE_CHECKING

from lunarcloud.lazy import lazily
from lunarcloud.mosaic.layout import REFLECTANCE, mosaic_layout
from lunarcloud.mosaic.store import (
    STORE,
    Mosaic,
    MosaicCard,
    load_mosaic,
    mosaic_attributes,
    mosaic_group,
)

if TYPE_CHECKING:  # the readers of tiles and labels are slow to import, and most commands only open a mosaic
    from lunarcloud.mosaic.ingest import IngestPlan, completed, ingest_work, notes_of, plan_ingest
    from lunarcloud.mosaic.sample import as_reflectance, sample_windows, sampled_numbers

__all__ = [
    "REFLECTANCE",
    "STORE",
    "IngestPlan",
    "Mosaic",
    "MosaicCard",
    "as_reflectance",
    "completed",
    "ingest_work",
    "load_mosaic",
    "mosaic_attributes",
    "mosaic_group",
    "mosaic_layout",
    "notes_of",
    "plan_ingest",
    "sample_windows",
    "sampled_numbers",
]

__getattr__ = lazily(
    __name__,
    {
        "ingest": ("IngestPlan", "completed", "ingest_work", "notes_of", "plan_ingest"),
        "sample": ("as_reflectance", "sample_windows", "sampled_numbers"),
    },
)
