"""Of a root with many records the page knows also those that the catalog's own file holds no longer."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lunarcloud.lineage import open_root
from lunarcloud.lineage.catalog import Pack, Packed
from lunarcloud.lineage.root import CATALOG
from lunarcloud.storage import digest, folder
from lunarcloud.viewer import serving
from tests.browser.conftest import Shown, Viewer


@pytest.fixture(params=["older", "resting"])
def packed(request: pytest.FixtureRequest, shown: Shown, tmp_path: Path) -> Shown:
    """The root, as if its other run, or what that is the head of, had been published long ago."""
    shutil.copytree(shown.place, tmp_path / "root", copy_function=os.link)
    root = folder(tmp_path / "root")
    catalog = open_root(root.url).catalog()
    parts = {
        is_old: tuple(each for each in catalog.of() if (each.ref.id == shown.other) is is_old)
        for is_old in (True, False)
    }
    data = Packed(records=parts[True]).model_dump_json().encode()
    pack = Pack(digest=digest(data), records=1)
    root.write(pack.key, data)
    packs = {"older": (pack,)} if request.param == "older" else {"resting": {"00": pack}}
    own = catalog.model_copy(update={"records": parts[False], **packs})
    root.remove(CATALOG)
    root.write(CATALOG, own.model_dump_json().encode())
    return Shown(root, shown.run, shown.other)


def test_an_older_run_is_there_to_compare(viewer_of: Callable[..., Viewer], packed: Shown) -> None:
    with serving(packed.root) as url:
        viewer = viewer_of(url)
        viewer.open(map="feo_cnn", place="31.3,-12.6", show="")
        viewer.page.select_option("#other", f"runs/{packed.other}")
        viewer.drawn()
    assert viewer.errors == []
