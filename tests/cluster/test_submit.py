"""From a kubeconfig and a bucket to a map: tiles in, pods come, the Moon is mapped, pods go."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import fsspec
import pytest
import xarray
import yaml

from lunarcloud.engine import Cluster
from lunarcloud.lineage import open_root
from lunarcloud.storage import folder
from lunarcloud.testing.kube import Kube, eventually, run
from lunarcloud.testing.make import make
from lunarcloud.testing.s3_server import S3
from lunarcloud.testing.small_root import write_model
from lunarcloud.testing.submitted import submit, wait
from tests.cluster.conftest import CHART, NAMESPACE
from tests.deploy.conftest import FULL, PLAIN, REPROCESS, made_by_jobs

TILES, ROOT = "s3://moon/tiles/dim.tar.gz", "s3://moon/whole"


@pytest.fixture
def mosaic(store: S3, lp_archive: str, submitter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The archive as a mosaic, made by pods for somebody who may only submit; a model beside it."""
    monkeypatch.setenv("KUBECONFIG", submitter)
    fsspec.filesystem("s3").put(lp_archive, TILES)
    where = ("--root", ROOT, "--on", "kubernetes", "--json", "--wait")
    run("lunarcloud", "submit", "ingest", TILES, "--ppd", "4", "--shard", "128", *where)
    write_model(folder(ROOT))  # the image trains no networks, it runs them


def test_the_archive_becomes_a_map_that_xarray_opens(
    kube: Kube, mosaic: None, lp_archive: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = datetime.now(UTC)
    job = submit(ROOT)["job"]
    eventually(lambda: len(kube.pods(job, "worker")) == 4)
    eventually(lambda: not kube.left(job), 300)
    ended = datetime.now(UTC)
    status = wait(ROOT, job)["status"]
    assert status["state"] == "done"
    assert status["worker_seconds"] > 0

    found = open_root(ROOT).find("runs")
    maps = xarray.open_zarr(f"{ROOT}/{found.ref.path}/maps.zarr/0")
    assert float(maps["feo_equation"].mean()) > 0
    make("ingest", tmp_path, Cluster(), tiles=(lp_archive,), ppd=4, shard=128)
    write_model(folder(tmp_path))
    assert make("map", tmp_path, Cluster()).record.digest == found.digest

    first, last = _milestones(job)
    with capsys.disabled():
        print(
            f"\n  submit to first shard {(first - begun).total_seconds():.1f} s, "
            f"last shard to no pods {(ended - last).total_seconds():.1f} s"
        )


@pytest.mark.parametrize("values", [PLAIN, FULL, REPROCESS], ids=["plain", "full", "reprocess"])
def test_the_cluster_itself_takes_all_that_is_ever_made(
    kube: Kube, chart: str, values: tuple[str, ...]
) -> None:
    settings = [word for value in values for word in ("--set", value)]
    made = yaml.safe_load_all(run("helm", "template", "dry", CHART, "-n", NAMESPACE, *settings))
    objects = {(each["kind"], each["metadata"]["name"]): each for each in made if each}
    every = (*objects.values(), *made_by_jobs(objects, "dry"))
    # Pods are refused without their accounts, which a dry run does not make.
    accounts = yaml.safe_dump_all(each for each in every if each["kind"] == "ServiceAccount")
    kube.ctl("apply", "-f", "-", given=accounts)
    kube.ctl("apply", "--dry-run=server", "-f", "-", given=yaml.safe_dump_all(every))
    kube.ctl("delete", "-f", "-", given=accounts)


def test_a_pod_like_a_workers_finds_nothing_wrong(kube: Kube, chart: str) -> None:
    said = run("helm", "test", chart, "-n", kube.namespace, "--logs", "--timeout", "200s")
    assert "Succeeded" in said


def _milestones(job: str) -> tuple[datetime, datetime]:
    """When the first and the last shard of a job were done, as its log says; pictures count as shards."""
    lines = map(json.loads, run("lunarcloud", "jobs", "logs", job, "--root", ROOT).splitlines())
    done = [datetime.fromisoformat(line["time"]) for line in lines if line.get("event") == "shard_done"]
    return min(done), max(done)
