"""Ingest: archive tiles become the reflectance mosaic on the global grid."""

from lunarcloud.mosaic.ingest import IngestPlan, completed, ingest_work, plan_ingest
from lunarcloud.mosaic.layout import REFLECTANCE, mosaic_layout
from lunarcloud.mosaic.store import (
    STORE,
    Mosaic,
    MosaicCard,
    load_mosaic,
    mosaic_attributes,
    mosaic_group,
)

__all__ = [
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
