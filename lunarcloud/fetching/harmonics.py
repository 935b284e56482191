"""Gravity models and shapes that pyshtools knows: it has their addresses and checksums, and fetches them."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from lunarcloud.errors import InputError, StoreError
from lunarcloud.storage import folder

#: Models and shapes: name here, name in pyshtools.datasets.Moon.
PYSHTOOLS: Mapping[str, str] = {
    "grgm900c": "GRGM900C",
    "grgm1200b": "GRGM1200B",
    "grgm1200b_rm1_1e0": "GRGM1200B_RM1_1E0",
    "gl0900d": "GL0900D",
    "gl1500e": "GL1500E",
    "gl1800f": "GL1800F",
    "lola_shape": "LOLA_shape",
    "ldem_shape_pa": "LDEM_shape_pa",
}


def fetch_harmonics(name: str, place: str | Path) -> str:
    """Download a gravity model or a shape of the Moon into a folder.

    Parameters
    ----------
    name : str
        One of `PYSHTOOLS`, upper and lower case alike. Shapes come to degree 1439 or all they hold.
    place : str or Path
        Local folder, made if needed, or any fsspec URL.

    Returns
    -------
    str
        The file: pyshtools text for models and ``.bshc`` for shapes, ready for
        `lunarcloud.archive.gravity.read_gravity` or `lunarcloud.archive.topography.read_topography`.

    Raises
    ------
    InputError
        For a name that is not known.
    StoreError
        Without a network, or when what came has not the checksum that pyshtools knows.
    """
    if name.casefold() not in PYSHTOOLS:
        raise InputError(f"no model or shape named {name!r}; there are {', '.join(PYSHTOOLS)}")
    target = folder(place)
    if "://" not in target.url:
        Path(target.url).mkdir(parents=True, exist_ok=True)
        return str(_write(PYSHTOOLS[name.casefold()], Path(target.url)))
    with tempfile.TemporaryDirectory() as beside:
        path = _write(PYSHTOOLS[name.casefold()], Path(beside))
        target.write(path.name, path.read_bytes())
        return f"{target.url}/{path.name}"


def _write(known: str, place: Path) -> Path:
    # Slow to import, and wanted only here.
    from pyshtools.datasets import Moon

    is_shape = known.endswith(("_shape", "_pa"))
    try:
        found = getattr(Moon, known)(lmax=1439 if is_shape else -1)
    except (OSError, ValueError) as error:
        url = getattr(getattr(error, "request", None), "url", None) or "its archive"
        raise StoreError(
            f"cannot download {known} from {url} ({type(error).__name__}): is there a network? "
            "If not, download the file elsewhere and give its path instead"
        ) from error
    path = place / (f"{known}.bshc" if is_shape else f"{known}.sh")
    found.to_file(str(path), format="bshc" if is_shape else "shtools", encoding=None)
    return path
