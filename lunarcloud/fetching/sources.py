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
    require_digest,
    require_heights,
    require_pds3_label,
    require_pds3_tile,
    require_pds4_label,
    require_pds4_tile,
    require_picture,
    require_shapefile,
    require_table,
)

Issue: TypeAlias = Literal["pds3", "pds4"]

_NASA = "NASA, public domain"
_MOSAIC = "the Clementine UVVIS mosaic"
_MOSAIC_REFERENCE = "CLEM1-L-U-5-DIM-UVVIS-V1.0, Eliason et al. 1999"
_LROC = "https://pds.lroc.im-ldi.com/data"
_GEOSCIENCES = "https://pds-geosciences.wustl.edu"
_LOLA = "lro/lro-l-lola-3-rdr-v1/lrolol_1xxx/data/lola_gdr/cylindrical/img"
_LPGRS = "lunar/lp-l-grs-5-elem-abundance-v1/lp_9001/data"
_GRAIL = "grail/grail-l-lgrs-5-rdr-v1/grail_1001/shadr"
_GODDARD = "https://pgda.gsfc.nasa.gov/data"
_ZENODO = "https://zenodo.org/records"
# A label takes two records of a tile at most; it is little beside the pixels.
_LABEL_BYTES = 16_384
# A row of a table of coefficients: degree, order, two numbers and their uncertainties, about.
_COEFFICIENT_BYTES = 122
# Degrees 0 to 1439, cosines and sines of 8 bytes, which hardly pack.
_SHAPE_BYTES = 16_600_000
# SHA-256 of whole files, as pyshtools has them: their archives give none.
_DIGESTS = {
    "GRGM900C": "dab6ab06e0d3d7cbc594ea4bd03151a65534ed5fdf4f147ae38662428c04454e",
    "GL0900D": "0ead4e6260729c53fe29dcc6d954d473e87eb3ae1f4d932496a1417fd62fcdc6",
    "GL1500E": "93a7467b9241f6f94c131126c87fd3b81cfc3d223c474ee3444bf162b7c97f5a",
    "GL1800F": "d2a552067a78bf1d2755807ae14ee1d6843a8f6a4228e01ce59a665516738fec",
    "GRGM1200B": "f08a988b43f3eaa5a2089045a9b7e41e02f16542c7912b87ea34366fafa39bc5",
    "GRGM1200B_RM1_1E0": "d42536cc716f5da8e067aa79a253c310e9d53d1d3b3ae7b43fa4517654d20d35",
    "LOLA_shape": "f5e8f1b7acaab626db5828f9dc6f9ea1ce948bb5000e5bfcf1ff69b3141f1845",
    "LDEM_shape_pa": "093c46ccc753a40e8041be6106334375f38e3f828c57cc28994799406f7703b4",
}


def file_name(path: str) -> str:
    """The name that the archive has for a file."""
    return path.rpartition("/")[2]


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
    digest : str
        SHA-256 of the file; empty where its archive gives none.
    kept_as : str
        What it is called in a folder, where readers need another name than the archive's; else empty.
    """

    name: str
    path: str
    n_bytes: int
    label: str = ""
    digest: str = ""
    kept_as: str = ""

    @property
    def file(self) -> str:
        """The name that the file has in a folder."""
        return self.kept_as or file_name(self.path)


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
        raise InputError(f"no download named {name!r}; there are {', '.join(SOURCES)}")
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
    yield from _models()
    yield from _shapes()


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


def _models() -> Iterator[Source]:
    """GRAIL's gravity: tables of the archive, and of Goddard's own site."""
    for name, file, degree, reference in (
        ("GRGM900C", "gggrx_0900c", 900, "Lemoine et al. 2014, doi 10.1002/2014GL060027"),
        ("GL0900D", "jggrx_0900d", 900, "Konopliv et al. 2014, doi 10.1002/2013GL059066"),
        ("GL1500E", "jggrx_1500e", 1500, "Konopliv et al. 2014, doi 10.1002/2013GL059066"),
        ("GL1800F", "jggrx_1800f", 1800, "GRAIL-L-LGRS-5-RDR-V1.0"),
    ):
        yield _model(name, _GEOSCIENCES, f"{_GRAIL}/{file}_sha.tab", degree, reference)
    for name in ("GRGM1200B", "GRGM1200B_RM1_1E0"):
        path, reference = (
            f"MoonRM1/sha.{name.lower()}_sigma",
            "Goossens et al. 2020, doi 10.1029/2019JE006086",
        )
        yield _model(name, _GODDARD, path, 1200, reference)


def _model(name: str, base: str, path: str, degree: int, reference: str) -> Source:
    n_bytes = _COEFFICIENT_BYTES * (degree + 1) * (degree + 2) // 2
    # Kept under the model's name, by which readers know its frame where the file does not say it.
    piece = Piece(name.casefold(), path, n_bytes, digest=_DIGESTS[name], kept_as=f"{name}.tab")
    return Source(
        name=piece.name,
        title=f"the gravity model {name}",
        base=base,
        pieces=(piece,),
        reference=reference,
        require=require_digest,
    )


def _shapes() -> Iterator[Source]:
    """The surface to degree 1439: Wieczorek's harmonics of LOLA's maps."""
    for name, path in (
        ("LOLA_shape", "10820774/files/Moon_LOLA_shape_1439.bshc.gz"),
        # Binary too, whatever the archive calls it.
        ("LDEM_shape_pa", "11533784/files/Moon_LDEM128_shape_pa_1439.sh.gz"),
    ):
        piece = Piece(name.casefold(), path, _SHAPE_BYTES, digest=_DIGESTS[name], kept_as=f"{name}.bshc.gz")
        yield Source(
            name=piece.name,
            title=f"the shape {name}",
            base=_ZENODO,
            pieces=(piece,),
            terms="as its record on Zenodo says",
            reference=f"Wieczorek 2024, doi 10.5281/zenodo.{path.partition('/')[0]}",
            require=require_digest,
        )


#: What people type; the tiles' other issue is asked for by an option.
SOURCES = (
    "clementine",
    "maria",
    "wac",
    "ldem_4",
    "ldem_16",
    "ldem_64",
    "lpgrs_2deg",
    "lpgrs_5deg",
    "grgm900c",
    "gl0900d",
    "gl1500e",
    "gl1800f",
    "grgm1200b",
    "grgm1200b_rm1_1e0",
    "lola_shape",
    "ldem_shape_pa",
)
