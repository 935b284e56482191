"""What stores tell browsers of objects: what they are, and how long a copy holds."""

from uuid import uuid4

import pytest
from s3fs import S3FileSystem

from lunarcloud.storage import cache_control, content_type, folder

ID = "0123456789abcdef"


@pytest.mark.parametrize(
    "key",
    [
        f"runs/{ID}/record.json",
        f"runs/{ID}/maps.zarr/0/feo_cnn/c/3/7",
        f"bucket/prefix/polar/{ID}/candidates.geojson",
        f"catalog/{ID}.json",
        f"bucket/prefix/stac/older/{ID}.json",
        "view/assets/index-B7x.js",
    ],
)
def test_what_a_record_holds_may_be_kept_for_ever(key: str) -> None:
    assert "immutable" in cache_control(key)


@pytest.mark.parametrize(
    "key",
    [
        "catalog.json",
        f"jobs/{ID}/status.json",
        f"runs/{ID}/.marks/x",
        "inbox/new.csv",
        "stac/items/a.json",
        f"stac/items/{ID}.json",
        "view/index.html",
    ],
)
def test_what_changes_is_asked_for_each_time(key: str) -> None:
    assert cache_control(key) == "no-cache"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("zarr.json", "application/json; charset=utf-8"),
        ("candidates.geojson", "application/geo+json; charset=utf-8"),
        ("assets/index.js", "text/javascript; charset=utf-8"),
        ("figures/oxides.png", "image/png"),
        ("maps.zarr/0/feo/c/3/7", "application/octet-stream"),
    ],
)
def test_an_object_is_what_its_name_says(name: str, kind: str) -> None:
    assert content_type(name) == kind


@pytest.mark.usefixtures("s3_environment")
def test_s3_says_so_of_what_was_written_in_any_way(tmp_path_factory: pytest.TempPathFactory) -> None:
    root = folder(f"s3://moon/{uuid4().hex}")
    file = tmp_path_factory.mktemp("files") / "file"
    file.write_text("{}")
    root.write("catalog.json", b"{}")
    root.update("catalog.json", lambda _: b"[]")
    root.create(f"runs/{ID}/record.json", b"{}")
    root.upload(f"runs/{ID}/oxides.png", file)
    said = {
        key: S3FileSystem(skip_instance_cache=True).call_s3(
            "head_object", Bucket="moon", Key=f"{root.name}/{key}"
        )
        for key in root.versions()
    }
    assert {key: each["ContentType"] for key, each in said.items()} == {
        key: content_type(key) for key in said
    }
    assert {key: each["CacheControl"] for key, each in said.items()} == {
        key: cache_control(key) for key in said
    }
