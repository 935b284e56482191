"""The page as files: what ``web/`` is built into, and the same put where others look at it."""

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from urllib.parse import urlsplit

from lunarcloud.errors import InputError, NotFoundError
from lunarcloud.storage import Folder

#: The page itself.
PAGE = "index.html"
#: Beside the page: where the root is from there.
WHERE = "root.json"
# Folder of a root that the page is put into.
_EXPORTED = "view"
# Of the page's policy: it may ask the host that it comes from. No character of a host can end that.
_ASKS = b"connect-src 'self'"
_HOST = re.compile(r"([\w.-]+|\[[0-9a-fA-F:.]+\])(:\d+)?", re.ASCII)


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
        URL of the root, as it is or relative to the page, with ``/`` at its end.
    """
    return json.dumps({"root": root}).encode()


def write_page(home: Folder, address: str | None = None) -> str:
    """Put the page into a folder ``view``, so that whatever serves it to browsers shows a root; its URL.

    What an earlier version put there goes; the page comes after what it loads.

    Parameters
    ----------
    home : Folder
        Where that folder lies: the root itself, or any other place with an address.
    address : str, optional
        URL at which browsers find the root, http or https, where it is not served with the page. The page
        may ask that host besides its own, since its policy names it; the host must allow that (CORS).

    Raises
    ------
    InputError
        If this is no such URL.
    """
    page, root = (built(), "../") if address is None else _apart(address)
    place = home / _EXPORTED
    there = place.keys()
    for name in sorted({*page} - {PAGE}):
        place.write(name, page[name])
    place.write(WHERE, where(root))
    place.write(PAGE, page[PAGE])
    for name in {*there} - {*page, WHERE}:
        place.remove(name)
    return f"{place.url}/{PAGE}"


def _apart(address: str) -> tuple[dict[str, bytes], str]:
    """The page whose policy names the host of a root, and the root's URL."""
    scheme, host, path, query, fragment = urlsplit(address)
    if scheme not in ("http", "https") or not _HOST.fullmatch(host) or query or fragment:
        raise InputError(
            f"{address} is not where a browser finds a root: a URL such as https://moon.example/root is, "
            "without name and password, ? or #"
        )
    page, origin = built(), f"{scheme}://{host}"
    page[PAGE] = page[PAGE].replace(_ASKS, _ASKS + f" {origin}".encode())
    return page, f"{origin}{path.rstrip('/')}/"


def _files(place: Traversable, under: str = "") -> Iterator[tuple[str, bytes]]:
    if not place.is_dir():
        return
    for each in place.iterdir():
        if each.is_dir():
            yield from _files(each, f"{under}{each.name}/")
        else:
            yield under + each.name, each.read_bytes()
