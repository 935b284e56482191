"""Tables of stations: what was published is what is used."""

from pathlib import Path

import pytest

from lunarcloud.errors import StoreError
from lunarcloud.lineage import open_root
from lunarcloud.testing.make import make


def test_a_published_table_that_was_changed_is_not_fitted(tmp_path: Path) -> None:
    make("stations", tmp_path)
    root = open_root(tmp_path)
    place = root.place(root.find("stations").ref)
    place.write("stations.csv", place.read("stations.csv").replace(b"1.9", b"2.9", 1))
    with pytest.raises(StoreError, match=r"stations\.csv is not what was published .*: repair stations/"):
        make("fit", tmp_path, equations_only=True)
