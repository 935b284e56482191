"""Ingest: archive tiles become the five-band reflectance mosaic on the global grid."""

from lunarcloud.mosaic.ingest import IngestPlan, Selection, completed, plan_ingest, select_tiles
from lunarcloud.mosaic.layout import BANDS, REFLECTANCE, mosaic_layout
from lunarcloud.mosaic.store import Mosaic, MosaicCard, load_mosaic, mosaic_group

__all__ = [
    "BANDS",
    "REFLECTANCE",
    "IngestPlan",
    "Mosaic",
    "MosaicCard",
    "Selection",
    "completed",
    "load_mosaic",
    "mosaic_group",
    "mosaic_layout",
    "plan_ingest",
    "select_tiles",
]
