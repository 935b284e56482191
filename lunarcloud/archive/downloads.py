"""Downloads for people: gravity models and shapes that pyshtools knows, and LROC's outlines of the maria."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from lunarcloud.archive.files import POLYGON_BYTES, read_file
from lunarcloud.errors import InputError, NotFoundError, StoreError

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
#: Boundaries of the maria on LROC's wide-angle mosaic between 65 N and 65 S (Nelson et al. 2014, 45th Lunar
#: and Planetary Science Conference, abstract 2861): a zipped shapefile, longitudes -180..180.
MARIA_URL = (
    "https://pds.lroc.im-ldi.com/data/LRO-L-LROC-5-RDR-V1.0/LROLRC_2001/EXTRAS/SHAPEFILE/LROC_GLOBAL_MARE/"
    "LROC_GLOBAL_MARE_180.ZIP"
)

_MARIA = "maria"
# Shapes, their index and their attributes; a projection may be missing.
_SHAPEFILE = frozenset({".shp", ".shx", ".dbf"})


def fetch(name: str, place: str | Path) -> Path:
    """Download a gravity model, a shape or the outlines of the maria into a folder.

    Parameters
    ----------
    name : str
        ``maria`` or one of `PYSHTOOLS`, upper and lower case alike. Shapes come to degree 1439 or all they
        hold. pyshtools verifies its files' checksums; LROC publishes none, but a ZIP has one of each file.
    place : str or Path
        Local folder; made if needed.

    Returns
    -------
    Path
        The file: pyshtools text for models and ``.bshc`` for shapes, ready for
        `lunarcloud.archive.gravity.read_gravity` or `lunarcloud.archive.topography.read_topography`; a zipped
        shapefile for `lunarcloud.archive.polygons.read_outlines`.

    Raises
    ------
    InputError
        For a name that is not known.
    StoreError
        Without a network, or when what came is not what it should be.
    """
    known = name.casefold()
    if known not in (_MARIA, *PYSHTOOLS):
        raise InputError(f"no download named {name!r}; there are {', '.join((_MARIA, *PYSHTOOLS))}")
    folder = Path(place)
    folder.mkdir(parents=True, exist_ok=True)
    return _lroc_maria(folder) if known == _MARIA else _harmonics(PYSHTOOLS[known], folder)


def _harmonics(known: str, folder: Path) -> Path:
    # Slow to import, and wanted only here.
    from pyshtools.datasets import Moon

    is_shape = known.endswith(("_shape", "_pa"))
    try:
        found = getattr(Moon, known)(lmax=1439 if is_shape else -1)
    except (OSError, ValueError) as error:
        url = getattr(getattr(error, "request", None), "url", None) or "its archive"
        raise _unreachable(known, url, error) from error
    path = folder / (f"{known}.bshc" if is_shape else f"{known}.sh")
    found.to_file(str(path), format="bshc" if is_shape else "shtools", encoding=None)
    return path


def _lroc_maria(folder: Path) -> Path:
    try:
        packed = read_file(MARIA_URL, POLYGON_BYTES).data
    except (StoreError, NotFoundError) as error:
        raise _unreachable("LROC's maria", MARIA_URL, error) from error
    _require_shapefile(packed)
    path = folder / "LROC_GLOBAL_MARE_180.zip"
    path.write_bytes(packed)
    return path


def _require_shapefile(packed: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            damaged, held = archive.testzip(), {Path(name).suffix.lower() for name in archive.namelist()}
    except zipfile.BadZipFile as error:
        raise StoreError(f"{MARIA_URL}: not a whole ZIP file ({error}); fetch it again later") from error
    missing = sorted(_SHAPEFILE - held)
    if damaged or missing:
        why = f"{damaged} is damaged" if damaged else f"no {', '.join(missing)} in it"
        raise StoreError(f"{MARIA_URL}: not a whole shapefile ({why}); fetch it again later")


def _unreachable(what: str, url: str, error: Exception) -> StoreError:
    return StoreError(
        f"cannot download {what} from {url} ({type(error).__name__}): is there a network? "
        "If not, download the file elsewhere and give its path instead"
    )
