"""A bucket that anybody may read is the website: the page in the root, on a real S3 server."""

from collections.abc import Callable

import fsspec
import numpy as np
import pytest

from lunarcloud.storage import folder
from lunarcloud.testing.s3_server import PUBLIC, S3
from lunarcloud.viewer import write_page
from tests.browser.conftest import Shown, Viewer


@pytest.fixture
def address(shown: Shown, s3_environment: S3) -> str:
    """Of the page, once the root is copied into the bucket."""
    place = f"moon/{PUBLIC}/root"
    fsspec.filesystem("s3").put(f"{shown.place}/", f"{place}/", recursive=True)
    write_page(folder(f"s3://{place}"))
    return f"{s3_environment.endpoint}/{place}/view/index.html"


def test_a_bucket_shows_what_the_command_shows(
    viewer_of: Callable[..., Viewer], viewer: Viewer, address: str, shown: Shown
) -> None:
    state = {"view": "plate", "at": "20,10", "res": 0.2, "map": "feo_cnn"}
    points = viewer.open(**state).points(200)
    expected = viewer.colours(points)
    public = viewer_of(address).open(**state)
    assert np.array_equal(public.colours(points), expected)
    assert public.hover(300, 200) == viewer.hover(300, 200)
    assert public.errors == []
    host = address.split("/")[2]
    assert {url.split("/")[2] for url in public.requests if url.startswith("http")} == {host}
