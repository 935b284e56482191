"""The page as files: what ``web/`` is built into, and the same put into a root for others to look at."""

import json
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

from lunarcloud.errors import NotFoundError
from lunarcloud.storage import Folder

#: The page itself.
PAGE = "index.html"
#: Beside the page: where the root is from there.
WHERE = "root.json"
# Folder of a root that the page is put into.
_EXPORTED = "view"


def built() -> dict[str, bytes]:
    """The files of the page by name: ``index.html``, and what it loads.

    Raises
    ------
    NotFoundError
        If the package was installed without them.
    """
    found = dict(_files(files(__package__) / "static"))
    if PAGE not in found:
        raise NotFoundError("this installation of lunarcloud has no viewer: install it again from its wheel")
    return found


def where(root: str) -> bytes:
    """The content of ``root.json``.

    Parameters
    ----------
    root : str
        URL of the root, relative to the page, with ``/`` at its end.
    """
    return json.dumps({"root": root}).encode()


def write_page(root: Folder) -> str:
    """Put the page into a root, so that whatever serves the root to browsers serves the page; its URL.

    Parameters
    ----------
    root : Folder
        The root. What an earlier version put there goes; the page comes after what it loads.
    """
    place, page = root / _EXPORTED, built()
    there = place.keys()
    for name in sorted({*page} - {PAGE}):
        place.write(name, page[name])
    place.write(WHERE, where("../"))
    place.write(PAGE, page[PAGE])
    for name in {*there} - {*page, WHERE}:
        place.remove(name)
    return f"{place.url}/{PAGE}"


def _files(place: Traversable, under: str = "") -> Iterator[tuple[str, bytes]]:
    if not place.is_dir():
        return
    for each in place.iterdir():
        if each.is_dir():
            yield from _files(each, f"{under}{each.name}/")
        else:
            yield under + each.name, each.read_bytes()
