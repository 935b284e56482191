"""From a kubeconfig and a bucket to a map: tiles in, pods come, the Moon is mapped, pods go."""

from __future__ import annotations

import fsspec
import pytest
import xarray

from lunarcloud.engine import Cluster
from lunarcloud.lineage import open_root
from lunarcloud.storage import folder
from lunarcloud.testing.kube import Kube, eventually, run
from lunarcloud.testing.make import make
from lunarcloud.testing.s3_server import S3
from lunarcloud.testing.small_root import write_model
from lunarcloud.testing.submitted import submit


def test_the_archive_becomes_a_map_that_xarray_opens(
    kube: Kube,
    chart: str,
    store: S3,
    lp_archive: str,
    submitter: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    tiles, root = "s3://moon/tiles/dim.tar.gz", "s3://moon/whole"
    fsspec.filesystem("s3").put(lp_archive, tiles)
    monkeypatch.setenv("KUBECONFIG", submitter)
    common = ("--root", root, "--on", "kubernetes", "--json", "--wait")
    run("lunarcloud", "submit", "ingest", tiles, "--ppd", "4", "--shard", "128", *common)
    write_model(folder(root))  # the image trains no networks, it runs them
    job = submit(root)["job"]
    eventually(lambda: len(kube.pods(job, "worker")) == 4)
    ended = submit(root, "--wait")
    assert ended["state"] == "done"
    assert ended["status"]["worker_seconds"] > 0
    eventually(lambda: not kube.pods(job, "worker") and not kube.pods(job, "runner"), 15)
    found = open_root(root).find("runs")
    maps = xarray.open_zarr(f"{root}/{found.ref.path}/maps.zarr/0")
    assert float(maps["feo_equation"].mean()) > 0

    local = str(tmp_path_factory.mktemp("local"))
    make("ingest", local, Cluster(), tiles=(lp_archive,), ppd=4, shard=128)
    write_model(folder(local))
    assert make("map", local, Cluster()).record.digest == found.digest
