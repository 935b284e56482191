"""Downloads for people: gravity models and shapes that pyshtools knows, LROC's mosaic and its maria."""

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from lunarcloud.archive.files import MAP_BYTES, POLYGON_BYTES, OutsideFile, read_file
from lunarcloud.archive.pictures import picture_of
from lunarcloud.errors import ArchiveError, InputError, NotFoundError, StoreError

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
#: Mosaic of LROC's wide-angle camera at 643 nm, the Sun low enough for shadows (Speyerer et al. 2011, 42nd
#: Lunar and Planetary Science Conference, abstract 2387): PDS3, 66 MB, 16 pixels per degree from 180 W.
WAC_URL = (
    "https://pds.lroc.im-ldi.com/data/LRO-L-LROC-5-RDR-V1.0/LROLRC_2001/DATA/BDR/WAC_GLOBAL/"
    "WAC_GLOBAL_E000N0000_016P.IMG"
)

_MARIA, _WAC = "maria", "wac"
# Shapes, their index and their attributes; a projection may be missing.
_SHAPEFILE = frozenset({".shp", ".shx", ".dbf"})


def fetch(name: str, place: str | Path) -> Path:
    """Download a gravity model, a shape, the outlines of the maria or a mosaic of the Moon into a folder.

    Parameters
    ----------
    name : str
        ``maria``, ``wac`` or one of `PYSHTOOLS`, upper and lower case alike. Shapes come to degree 1439 or
        all they hold. pyshtools verifies its files' checksums; LROC publishes none, but a ZIP has one of each
        file, and a label says how long its image is.
    place : str or Path
        Local folder; made if needed.

    Returns
    -------
    Path
        The file: pyshtools text for models and ``.bshc`` for shapes, ready for
        `lunarcloud.archive.gravity.read_gravity` or `lunarcloud.archive.topography.read_topography`; a zipped
        shapefile for `lunarcloud.archive.polygons.read_outlines`; an image for
        `lunarcloud.archive.pictures.read_ground`.

    Raises
    ------
    InputError
        For a name that is not known.
    StoreError
        Without a network, or when what came is not what it should be.
    """
    known = name.casefold()
    if known not in (_MARIA, _WAC, *PYSHTOOLS):
        raise InputError(f"no download named {name!r}; there are {', '.join((_MARIA, _WAC, *PYSHTOOLS))}")
    folder = Path(place)
    folder.mkdir(parents=True, exist_ok=True)
    if known == _MARIA:
        return _from_lroc("LROC's maria", MARIA_URL, POLYGON_BYTES, _require_shapefile, folder)
    if known == _WAC:
        return _from_lroc("LROC's mosaic", WAC_URL, MAP_BYTES, _require_picture, folder)
    return _harmonics(PYSHTOOLS[known], folder)


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


def _from_lroc(
    what: str, url: str, most: int, require_whole: Callable[[OutsideFile], None], folder: Path
) -> Path:
    try:
        found = read_file(url, most)
    except (StoreError, NotFoundError) as error:
        raise _unreachable(what, url, error) from error
    require_whole(found)
    path = folder / url.rpartition("/")[2]
    path.write_bytes(found.data)
    return path


def _require_picture(found: OutsideFile) -> None:
    try:
        picture = picture_of(found)
    except ArchiveError as error:
        raise StoreError(f"{error}; fetch it again later") from error
    if picture is None:
        raise StoreError(f"{found.url}: what came is no picture; fetch it again later")


def _require_shapefile(found: OutsideFile) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(found.data)) as archive:
            damaged, held = archive.testzip(), {Path(name).suffix.lower() for name in archive.namelist()}
    except zipfile.BadZipFile as error:
        raise StoreError(f"{found.url}: not a whole ZIP file ({error}); fetch it again later") from error
    missing = sorted(_SHAPEFILE - held)
    if damaged or missing:
        why = f"{damaged} is damaged" if damaged else f"no {', '.join(missing)} in it"
        raise StoreError(f"{found.url}: not a whole shapefile ({why}); fetch it again later")


def _unreachable(what: str, url: str, error: Exception) -> StoreError:
    return StoreError(
        f"cannot download {what} from {url} ({type(error).__name__}): is there a network? "
        "If not, download the file elsewhere and give its path instead"
    )
