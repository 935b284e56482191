"""The page in a root: whatever serves the root serves it."""

import json
import re
from uuid import uuid4

import pytest

from lunarcloud.errors import InputError
from lunarcloud.storage import folder
from lunarcloud.viewer import write_page
from lunarcloud.viewer.page import built


def test_a_root_with_the_page_says_where_it_is_itself() -> None:
    root = folder(f"memory://{uuid4().hex}")
    assert write_page(root) == f"{root.url}/view/index.html"
    assert root.read("view/root.json") == b'{"root": "../"}'
    assert any(key.startswith("view/assets/") for key in root.versions())


def test_what_an_earlier_version_put_there_goes() -> None:
    root = folder(f"memory://{uuid4().hex}")
    root.write("view/assets/old.js", b"")
    write_page(root)
    assert not root.exists("view/assets/old.js")
    before = root.versions()
    write_page(root)
    assert root.versions() == before


def test_a_page_for_another_host_may_ask_that_host_alone() -> None:
    place = folder(f"memory://{uuid4().hex}")
    assert write_page(place, "https://moon.example:8443/a/root") == f"{place.url}/view/index.html"
    assert place.read("view/root.json") == b'{"root": "https://moon.example:8443/a/root/"}'
    assert b"connect-src 'self' https://moon.example:8443;" in place.read("view/index.html")


@pytest.mark.parametrize(
    "address",
    [
        "s3://moon/root",
        "moon.example/root",
        "https://",
        "https://moon.example; script-src *",
        "https://me:secret@moon.example/root",
        "https://moon.example/root?key=1",
    ],
)
def test_what_is_no_address_of_a_root_is_refused(address: str) -> None:
    place = folder(f"memory://{uuid4().hex}")
    with pytest.raises(InputError, match="not where a browser finds a root"):
        write_page(place, address)
    assert place.keys() == []


def test_the_page_names_what_it_is_made_of_and_the_licences(pytestconfig: pytest.Config) -> None:
    package = json.loads((pytestconfig.rootpath / "web/package.json").read_text())
    parts = built()["THIRD_PARTY.txt"].decode().split(f"\n{'-' * 80}\n")[1:]
    titles = [part.strip().splitlines()[0] for part in parts]
    named = {title.split(" (")[0] for title in titles}
    assert {f"{name} {version}" for name, version in package["dependencies"].items()} <= named
    for title, part in zip(titles, parts, strict=True):
        assert re.fullmatch(r"\S+ [\d.]+ \([A-Za-z0-9.() -]+\)", title)
        assert "copyright" in part.lower(), title
        assert "has no file of its licence" not in part, title
