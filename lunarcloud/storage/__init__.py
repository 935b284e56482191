"""Everything under a root: objects in a folder, shard-checked Zarr groups, ledgers, documents."""

from lunarcloud.storage.catalog import Catalog, Published, publish, read_catalog
from lunarcloud.storage.coding import CODING
from lunarcloud.storage.dataset import crs_of, open_dataset, write_dataset
from lunarcloud.storage.digests import digest
from lunarcloud.storage.documents import read_document
from lunarcloud.storage.faults import explained
from lunarcloud.storage.folder import Folder, folder
from lunarcloud.storage.group import EMPTY, Group, Member, finish_tree
from lunarcloud.storage.layout import Bands, Layout, Variable
from lunarcloud.storage.ledger import Entry, Ledger
from lunarcloud.storage.retry import retried

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
