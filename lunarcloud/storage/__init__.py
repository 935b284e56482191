"""Everything under a root: objects in a folder, shard-checked Zarr, the ledger, the catalog."""

from lunarcloud.storage.cards import Format, read_card
from lunarcloud.storage.catalog import Catalog, Published, publish, read_catalog
from lunarcloud.storage.dataset import crs_of, open_dataset, write_dataset
from lunarcloud.storage.folder import Folder, explained, folder
from lunarcloud.storage.layout import Bands, Layout, Variable
from lunarcloud.storage.ledger import Entry, Ledger
from lunarcloud.storage.retry import retried
from lunarcloud.storage.shards import Stored, digest, finish, read_shard, read_window, write_shard

__all__ = [
    "Bands",
    "Catalog",
    "Entry",
    "Folder",
    "Format",
    "Layout",
    "Ledger",
    "Published",
    "Stored",
    "Variable",
    "crs_of",
    "digest",
    "explained",
    "finish",
    "folder",
    "open_dataset",
    "publish",
    "read_card",
    "read_catalog",
    "read_shard",
    "read_window",
    "retried",
    "write_dataset",
    "write_shard",
]
