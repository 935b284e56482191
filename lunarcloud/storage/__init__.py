"""Everything under a root: objects in a folder, shard-checked Zarr groups, ledgers, documents."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lunarcloud.storage.catalog import Catalog, Published, publish, read_catalog
from lunarcloud.storage.digests import CODING, digest
from lunarcloud.storage.documents import read_document
from lunarcloud.storage.faults import explained
from lunarcloud.storage.folder import Folder, folder
from lunarcloud.storage.retry import retried

if TYPE_CHECKING:
    from lunarcloud.storage.dataset import crs_of, open_dataset, write_dataset
    from lunarcloud.storage.group import EMPTY, Group, Member
    from lunarcloud.storage.layout import Bands, Layout, Variable
    from lunarcloud.storage.ledger import Entry, Ledger
    from lunarcloud.storage.tree import finish_tree

# What needs xarray and Zarr is loaded when first used: whoever lists records reads documents only.
_ARRAYS = {
    "dataset": ("crs_of", "open_dataset", "write_dataset"),
    "group": ("EMPTY", "Group", "Member"),
    "layout": ("Bands", "Layout", "Variable"),
    "ledger": ("Entry", "Ledger"),
    "tree": ("finish_tree",),
}

__all__ = [
    "CODING",
    "EMPTY",
    "Bands",
    "Catalog",
    "Entry",
    "Folder",
    "Group",
    "Layout",
    "Ledger",
    "Member",
    "Published",
    "Variable",
    "crs_of",
    "digest",
    "explained",
    "finish_tree",
    "folder",
    "open_dataset",
    "publish",
    "read_catalog",
    "read_document",
    "retried",
    "write_dataset",
]


def __getattr__(name: str) -> Any:
    for home, names in _ARRAYS.items():
        if name in names:
            return getattr(import_module(f"lunarcloud.storage.{home}"), name)
    raise AttributeError(f"module 'lunarcloud.storage' has no attribute {name!r}")
