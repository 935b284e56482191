"""Ingest: archive tiles become the five-band reflectance mosaic on the global grid."""

from lunarcloud.mosaic.ingest import IngestPlan, completed, ingest_work, plan_ingest
from lunarcloud.mosaic.layout import BANDS, REFLECTANCE, mosaic_layout
from lunarcloud.mosaic.store import (
    STORE,
    Mosaic,
    MosaicCard,
    load_mosaic,
    mosaic_attributes,
    mosaic_group,
)

__all__ = [
    "BANDS",
    "REFLECTANCE",
    "STORE",
    "IngestPlan",
    "Mosaic",
    "MosaicCard",
    "completed",
    "ingest_work",
    "load_mosaic",
    "mosaic_attributes",
    "mosaic_group",
    "mosaic_layout",
    "plan_ingest",
]
