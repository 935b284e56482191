"""Everything under a root: objects in a folder, shard-checked Zarr groups, ledgers, documents."""

from typing import TYPE_CHECKING

from lunarcloud.lazy import lazily
from lunarcloud.storage.digests import CODING, digest
from lunarcloud.storage.documents import RECORD, parse_document, problem_of, read_document
from lunarcloud.storage.faults import explained
from lunarcloud.storage.folder import Folder, folder, local_path
from lunarcloud.storage.headers import cache_control, content_type
from lunarcloud.storage.retry import WAITS, note_answer, patiently, retried

if TYPE_CHECKING:
    from lunarcloud.storage.dataset import crs_of, open_codes, open_dataset, open_small, write_dataset
    from lunarcloud.storage.georeference import bounds, multiscales, transform
    from lunarcloud.storage.group import Group, Member, group_at
    from lunarcloud.storage.layout import (
        GRID_MAPPING,
        Bands,
        Layout,
        Variable,
        coordinates,
        dims,
        grid_mapping,
    )
    from lunarcloud.storage.ledger import EMPTY, Entry, Ledger, entries_digest
    from lunarcloud.storage.ranges import Range, range_of, ranges_of
    from lunarcloud.storage.tree import finish_tree
    from lunarcloud.storage.windows import Windows

__all__ = [
    "CODING",
    "EMPTY",
    "GRID_MAPPING",
    "RECORD",
    "WAITS",
    "Bands",
    "Entry",
    "Folder",
    "Group",
    "Layout",
    "Ledger",
    "Member",
    "Range",
    "Variable",
    "Windows",
    "bounds",
    "cache_control",
    "content_type",
    "coordinates",
    "crs_of",
    "digest",
    "dims",
    "entries_digest",
    "explained",
    "finish_tree",
    "folder",
    "grid_mapping",
    "group_at",
    "local_path",
    "multiscales",
    "note_answer",
    "open_codes",
    "open_dataset",
    "open_small",
    "parse_document",
    "patiently",
    "problem_of",
    "range_of",
    "ranges_of",
    "read_document",
    "retried",
    "transform",
    "write_dataset",
]

# What needs xarray and Zarr is loaded when first used: whoever lists records reads documents only.
__getattr__ = lazily(
    __name__,
    {
        "dataset": ("crs_of", "open_codes", "open_dataset", "open_small", "write_dataset"),
        "georeference": ("bounds", "multiscales", "transform"),
        "group": ("Group", "Member", "group_at"),
        "layout": ("GRID_MAPPING", "Bands", "Layout", "Variable", "coordinates", "dims", "grid_mapping"),
        "ledger": ("EMPTY", "Entry", "Ledger", "entries_digest"),
        "ranges": ("Range", "range_of", "ranges_of"),
        "tree": ("finish_tree",),
        "windows": ("Windows",),
    },
)
