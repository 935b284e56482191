"""The page in a root: whatever serves the root serves it."""

from uuid import uuid4

from lunarcloud.storage import folder
from lunarcloud.viewer import write_page


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
