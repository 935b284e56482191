"""The table of what can be fetched over HTTP: where it is, how long, under which terms, how it is checked."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from lunarcloud.archive import Extent, shelves
from lunarcloud.errors import InputError
from lunarcloud.fetching.checks import (
    Came,
    pds3_tile_extent,
    pds4_tile_extent,
    require_heights,
    require_pds3_label,
    require_pds3_tile,
    require_pds4_label,
    require_pds4_tile,
    require_picture,
    require_shapefile,
    require_table,
)
from lunarcloud.fetching.harmonics import PYSHTOOLS

Issue: TypeAlias = Literal["pds3", "pds4"]

_NASA = "NASA, public domain"
_MOSAIC = "the Clementine UVVIS mosaic"
_MOSAIC_REFERENCE = "CLEM1-L-U-5-DIM-UVVIS-V1.0, Eliason et al. 1999"
_LROC = "https://pds.lroc.im-ldi.com/data"
_GEOSCIENCES = "https://pds-geosciences.wustl.edu"
_LOLA = "lro/lro-l-lola-3-rdr-v1/lrolol_1xxx/data/lola_gdr/cylindrical/img"
_LPGRS = "lunar/lp-l-grs-5-elem-abundance-v1/lp_9001/data"
# A label takes two records of a tile at most; it is little beside the pixels.
_LABEL_BYTES = 16_384


class Piece(NamedTuple):
    """What is there together or not at all: a file, or an image and its label.

    Attributes
    ----------
    name : str
        What it is called; of a tile, its product id.
    path : str
        Of the file, under the source's address.
    n_bytes : int
        How long it is: to the byte of heights, about of others, whose archives do not say.
    label : str
        Path of the label beside it; empty where it has none.
    """

    name: str
    path: str
    n_bytes: int
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Something to fetch.

    Attributes
    ----------
    name : str
        What people type.
    title : str
        What it is, for messages.
    base : str
        Address that stands before every path; ``--mirror`` gives another.
    pieces : tuple of Piece
        Its files.
    terms : str
        Under which it may be used.
    reference : str
        Whose work it is.
    require : callable
        Refuses a file that came and is not whole, with an `ArchiveError`.
    extent : callable or None
        What a label says of its file, from the file's head, its label and its URL: where looking at these is
        enough to know a whole file again; None where `require` is asked again.
    require_label : callable or None
        Refuses what is no label, given its bytes and its URL; None where no file has one beside it.
    """

    name: str
    title: str
    base: str
    pieces: tuple[Piece, ...]
    terms: str = _NASA
    reference: str
    require: Callable[[Came], None]
    extent: Callable[[bytes, bytes, str], Extent] | None = None
    require_label: Callable[[bytes, str], None] | None = None


def source_of(name: str, issue: Issue = "pds3") -> Source:
    """The source of a name.

    Parameters
    ----------
    name : str
        Upper and lower case alike.
    issue : {"pds3", "pds4"}
        Which issue of the tiles; other sources have one alone.

    Raises
    ------
    InputError
        For a name that is not in the table, or that has no such issue.
    """
    known = name.casefold()
    if known not in SOURCES:
        raise InputError(f"no download named {name!r}; there are {', '.join((*SOURCES, *PYSHTOOLS))}")
    if issue == "pds4":
        if known != "clementine":
            raise InputError(f"{name} has one issue; --pds4 is for clementine")
        known = "clementine_pds4"
    return _table()[known]


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Source]:
    return {source.name: source for source in _rows()}


def _rows() -> Iterator[Source]:
    yield Source(
        name="clementine",
        # The Imaging Node's folder of Clementine's volumes.
        base="https://planetarydata.jpl.nasa.gov/img/data/clementine",
        pieces=tuple(
            Piece(each.product_id, each.pds3_path, each.n_bytes + _LABEL_BYTES) for each in shelves()
        ),
        require=require_pds3_tile,
        extent=pds3_tile_extent,
        title=_MOSAIC,
        reference=_MOSAIC_REFERENCE,
    )
    yield Source(
        name="clementine_pds4",
        base="https://pdsimage2.wr.usgs.gov/Clementine/PDS4",
        pieces=tuple(
            Piece(each.product_id, f"{each.pds4_path}.tif", each.n_bytes, f"{each.pds4_path}.xml")
            for each in shelves()
        ),
        require=require_pds4_tile,
        extent=pds4_tile_extent,
        require_label=require_pds4_label,
        title=_MOSAIC,
        reference=_MOSAIC_REFERENCE,
    )
    yield from _lroc()
    yield from _geosciences()


def _lroc() -> Iterator[Source]:
    # Between 65 N and 65 S: a zipped shapefile, longitudes -180..180. A ZIP has a checksum of each file.
    yield Source(
        name="maria",
        title="LROC's maria",
        base=_LROC,
        pieces=(
            Piece(
                "maria",
                "LRO-L-LROC-5-RDR-V1.0/LROLRC_2001/EXTRAS/SHAPEFILE/LROC_GLOBAL_MARE/LROC_GLOBAL_MARE_180.ZIP",
                8 << 20,
            ),
        ),
        reference="Nelson et al. 2014, 45th Lunar and Planetary Science Conference, abstract 2861",
        require=require_shapefile,
    )
    # 643 nm, the Sun low enough for shadows: PDS3, 16 pixels per degree from 180 W.
    yield Source(
        name="wac",
        title="LROC's mosaic",
        base=_LROC,
        pieces=(
            Piece(
                "wac",
                "LRO-L-LROC-5-RDR-V1.0/LROLRC_2001/DATA/BDR/WAC_GLOBAL/WAC_GLOBAL_E000N0000_016P.IMG",
                66_400_000,
            ),
        ),
        reference="Speyerer et al. 2011, 42nd Lunar and Planetary Science Conference, abstract 2387",
        require=require_picture,
    )


def _geosciences() -> Iterator[Source]:
    for ppd in (4, 16, 64):
        yield Source(
            name=f"ldem_{ppd}",
            title=f"LOLA's heights at {ppd} pixels per degree",
            base=_GEOSCIENCES,
            # 16 bits a pixel and no label in the file: so its length is exact.
            pieces=(
                Piece(
                    f"ldem_{ppd}",
                    f"{_LOLA}/ldem_{ppd}.img",
                    2 * 180 * 360 * ppd * ppd,
                    f"{_LOLA}/ldem_{ppd}.lbl",
                ),
            ),
            reference="LRO-L-LOLA-4-GDR-V1.0, Smith et al. 2010, doi 10.1029/2010GL043751",
            require=require_heights,
            require_label=require_pds3_label,
        )
    for degrees, n_bytes in ((2, 10 << 20), (5, 2 << 20)):
        yield Source(
            name=f"lpgrs_{degrees}deg",
            title=f"Lunar Prospector's abundances in {degrees}-degree pixels",
            base=_GEOSCIENCES,
            pieces=(
                Piece(
                    f"lpgrs_{degrees}deg", f"{_LPGRS}/lpgrs_high1_elem_abundance_{degrees}deg.tab", n_bytes
                ),
            ),
            reference="LP-L-GRS-5-ELEM-ABUNDANCE-V1.0, Prettyman et al. 2006, doi 10.1029/2005JE002656",
            require=require_table,
        )


#: What people type; the tiles' other issue is asked for by an option.
SOURCES = ("clementine", "maria", "wac", "ldem_4", "ldem_16", "ldem_64", "lpgrs_2deg", "lpgrs_5deg")
