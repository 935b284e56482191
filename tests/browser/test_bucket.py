"""A bucket that anybody may read, on a real S3 server: with the page in it, and for one on another host."""

from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import numpy as np
import pytest

from lunarcloud.storage import folder
from lunarcloud.testing.s3_server import BUCKET, PUBLIC, S3
from lunarcloud.viewer import write_page
from tests.browser.conftest import PATIENCE_MS, Shown, Viewer
from tests.web import served as serving_files

PLACE = f"{BUCKET}/{PUBLIC}/root"
SIGHT = {"view": "plate", "at": "20,10", "res": 0.2, "map": "feo_cnn"}
# What docs/viewer.md asks of a bucket.
RULE = {
    "AllowedOrigins": ["*"],
    "AllowedMethods": ["GET", "HEAD"],
    "AllowedHeaders": ["Range"],
    "ExposeHeaders": ["Content-Range", "Content-Length", "ETag"],
    "MaxAgeSeconds": 86400,
}


@pytest.fixture
def bucket(shown: Shown, s3_environment: S3) -> str:
    """Address of the root, copied into the bucket."""
    fsspec.filesystem("s3").put(f"{shown.place}/", f"{PLACE}/", recursive=True)
    return f"{s3_environment.endpoint}/{PLACE}"


@pytest.fixture
def allowed(bucket: str) -> Iterator[None]:
    """The bucket lets pages of other hosts read."""
    store = fsspec.filesystem("s3")
    store.call_s3("put_bucket_cors", Bucket=BUCKET, CORSConfiguration={"CORSRules": [RULE]})
    yield
    store.call_s3("delete_bucket_cors", Bucket=BUCKET)


@pytest.fixture
def apart(bucket: str, tmp_path: Path) -> Iterator[str]:
    """Address of a page on a host of its own, which reads the bucket."""
    write_page(folder(tmp_path), bucket)
    with serving_files(tmp_path) as url:
        yield f"{url}/view/index.html"


def assert_shows_the_same(public: Viewer, viewer: Viewer) -> None:
    points = viewer.open(**SIGHT).points(200)
    expected = viewer.colours(points)
    public.open(**SIGHT)
    assert np.array_equal(public.colours(points), expected)
    assert public.hover(300, 200) == viewer.hover(300, 200)
    assert public.errors == []


def hosts_of(requests: list[str]) -> set[str]:
    return {url.split("/")[2] for url in requests if url.startswith("http")}


def test_a_bucket_shows_what_the_command_shows(
    viewer_of: Callable[..., Viewer], viewer: Viewer, bucket: str
) -> None:
    write_page(folder(f"s3://{PLACE}"))
    public = viewer_of(f"{bucket}/view/index.html")
    assert_shows_the_same(public, viewer)
    assert hosts_of(public.requests) == hosts_of([bucket])


@pytest.mark.usefixtures("allowed")
def test_a_page_on_another_host_shows_the_same(
    viewer_of: Callable[..., Viewer], viewer: Viewer, bucket: str, apart: str
) -> None:
    public = viewer_of(apart)
    assert_shows_the_same(public, viewer)
    assert hosts_of(public.requests) == hosts_of([bucket, apart])


def test_a_host_that_lets_no_other_read_is_named(
    viewer_of: Callable[..., Viewer], served: str, tmp_path: Path
) -> None:
    write_page(folder(tmp_path), f"{served}root/")
    with serving_files(tmp_path) as url:
        page = viewer_of(url).page
        page.goto(f"{url}/view/index.html")
        page.wait_for_selector("#troubles:not([hidden])", timeout=PATIENCE_MS)
        said = page.inner_text("#troubles")
    assert f"{served}root/catalog.json cannot be reached" in said
    assert f"does not let pages of {url} read (CORS)" in said
