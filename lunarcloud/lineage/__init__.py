"""What was made from what: records, their identities and series, the catalog of a root, what is outdated."""

from lunarcloud.lineage.catalog import LATEST, Catalog, Entry, Head
from lunarcloud.lineage.graph import Replay, outdated, unneeded
from lunarcloud.lineage.record import (
    FORMAT,
    Given,
    Parent,
    Record,
    Ref,
    Source,
    identity,
    series_of,
)
from lunarcloud.lineage.root import Root, open_root
from lunarcloud.storage import RECORD

__all__ = [
    "FORMAT",
    "LATEST",
    "RECORD",
    "Catalog",
    "Entry",
    "Given",
    "Head",
    "Parent",
    "Record",
    "Ref",
    "Replay",
    "Root",
    "Source",
    "identity",
    "open_root",
    "outdated",
    "series_of",
    "unneeded",
]
