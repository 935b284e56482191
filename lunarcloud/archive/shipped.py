"""Data sets that come with the package, by names that stand where a path or URL may stand."""

from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from lunarcloud.errors import NotFoundError

#: Folder of the shipped files; its README.md gives origin, terms and SHA-256 of each.
DATA = resources.files("lunarcloud.archive") / "data"

#: Lunar Prospector's abundances in pixels 2 and 5 degrees high.
PROSPECTOR: Mapping[str, str] = {"2deg": "lpgrs_elements_2deg.csv", "5deg": "lpgrs_elements_5deg.csv"}
#: Gravity to degree 165 from Lunar Prospector's tracking.
GRAVITY: Mapping[str, str] = {"lp165p": "LP165P.cof"}
#: LOLA's topography at 4 pixels per degree.
TOPOGRAPHY: Mapping[str, str] = {"lola4": "LDEM_4.IMG"}

# What a path or a URL has and a name of shipped data has not.
_MARKS = "./\\:"


def place_of(given: str | Path, shipped: Mapping[str, str], what: str) -> str:
    """Where the data of a shipped name are; a path or URL stays what it is.

    Parameters
    ----------
    given : str or Path
        Name, upper and lower case alike, or path or URL.
    shipped : mapping of str to str
        Files by name: `PROSPECTOR`, `GRAVITY` or `TOPOGRAPHY`.
    what : str
        What is wanted, for messages.

    Returns
    -------
    str
        A path or URL to read.

    Raises
    ------
    NotFoundError
        For a bare word that is no shipped name.
    """
    text = str(given)
    file = shipped.get(text.casefold())
    if file is not None:
        return str(DATA / file)
    if any(mark in text for mark in _MARKS):
        return text
    raise NotFoundError(
        f"no {what} named {text!r} comes with lunarcloud; shipped: {', '.join(shipped)}. "
        f"For a file of yours give its path (./{text} if it is in this folder) or URL"
    )
