"""Lunar gravity models: PDS spherical-harmonic tables, ICGEM .gfc, GEODYN .cof, pyshtools text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lunarcloud.archive.files import COEFFICIENT_BYTES, OutsideFile, file_digest, foreign, read_file
from lunarcloud.archive.frames import frame_of
from lunarcloud.archive.harmonics import coefficient_rows, whole_table
from lunarcloud.archive.shipped import GRAVITY, place_of
from lunarcloud.errors import ArchiveError
from lunarcloud.moon import RADIUS_M, FloatArray, is_lunar_radius

if TYPE_CHECKING:  # slow to import, and what finds everything done makes no tables or arrays
    import pandas as pd

#: Gravitational parameter of the Moon, m3/s2 (Williams et al. 2014, doi 10.1002/2013JE004559).
GM_MOON = 4.90280007e12

# Models differ in GM by 1e-6; the next body is far away.
_GM_TOLERANCE = 1e-3
# GM (m3/s2) and radius (m) of the bodies that a wrong file is most likely of, to call it by name.
_BODIES: Mapping[str, tuple[float, float]] = {
    "Mercury": (2.20319e13, 2.440e6),
    "Venus": (3.24859e14, 6.051e6),
    "Earth": (3.98600e14, 6.378e6),
    "Moon": (GM_MOON, RADIUS_M),
    "Mars": (4.28284e13, 3.396e6),
    "Ceres": (6.26290e10, 4.70e5),
    "Vesta": (1.72883e10, 2.65e5),
    "Ganymede": (9.88783e12, 2.631e6),
    "Europa": (3.20272e12, 1.565e6),
    "Io": (5.95991e12, 1.821e6),
    "Titan": (8.97814e12, 2.575e6),
}
# The largest is C_20 with 9e-5; a number cut short loses its exponent.
_LARGEST_COEFFICIENT = 1e-3
# Between kilometres and metres of any body: a radius below is in km, a GM below in km3/s2.
_LONGEST_KM = 1e5
_LARGEST_KM3 = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class GravityModel:
    """A model of the Moon's gravitational potential.

    Attributes
    ----------
    name : str
        As the file calls itself, else the file's name.
    gm : float
        Gravitational parameter, m3/s2.
    radius_m : float
        Reference radius of the coefficients, metres.
    table : array, shape (2, lmax + 1, lmax + 1)
        Dimensionless, 4 pi normalised, without Condon-Shortley phase: ``[0, l, m]`` cosine,
        ``[1, l, m]`` sine.
    digest : str
        SHA-256 of the file.
    frame : str or None
        ``mean-earth``, or the ephemeris in whose principal axes the coefficients are, as ``de430``; None
        where neither header nor name tells.
    """

    name: str
    gm: float
    radius_m: float
    table: FloatArray
    digest: str
    frame: str | None = None

    @property
    def lmax(self) -> int:
        """The highest degree."""
        return int(self.table.shape[1]) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    name: str
    gm: float
    radius_m: float
    lmax: int | None


def read_gravity(url: str | Path) -> GravityModel:
    """Read a lunar gravity model; the format is told from the content.

    Parameters
    ----------
    url : str or Path
        ``lp165p``, which is shipped, or a path or any fsspec URL; may be gzipped. Formats: PDS
        spherical-harmonic table (``.tab``: kilometres), ICGEM (``.gfc``: metres), GEODYN (``.cof``, as
        LP165P: metres), text of pyshtools (metres).

    Raises
    ------
    ArchiveError
        For another body (named), mixed units, unnormalised, truncated or damaged coefficients.
    NotFoundError, StoreError
        If the file is not there or cannot be read.
    """
    source = read_file(place_of(url, GRAVITY, "gravity model"), COEFFICIENT_BYTES)
    with foreign(source.url, "not a gravity model that can be read"):
        if b"end_of_head" in source.data:
            header, rows = _icgem(source)
            head = source.data.partition(b"end_of_head")[0]
        elif b"POTFIELD" in source.data:
            header, rows = _geodyn(source)
            head = source.data.partition(b"POTFIELD")[0]
        else:
            header, rows = _text(source)
            head = b"\n".join(line for line in source.data.splitlines() if line.startswith(b"#"))
        # Degrees 0 and 1 say where mass and origin are; most files leave them out, the origin being the
        # centre of mass.
        table = whole_table(rows, promised=header.lmax, first=2, source=source.url)
        _require_plausible(table, source)
        return GravityModel(
            name=header.name,
            gm=header.gm,
            radius_m=header.radius_m,
            table=table,
            digest=source.digest,
            frame=frame_of(head, header.name),
        )


def gravity_digest(url: str | Path) -> str:
    """The digest of the model that `read_gravity` would read; only files that are there have one."""
    return file_digest(place_of(url, GRAVITY, "gravity model"))


def _icgem(source: OutsideFile) -> tuple[_Header, pd.DataFrame]:
    """Header and rows of an ICGEM file (format of Barthelmes & Foerste 2011)."""
    head, body = source.data.split(b"end_of_head", 1)
    lines = [line.split() for line in head.decode("latin-1").splitlines()]
    said = {line[0]: line[1] for line in lines if len(line) > 1}
    if said.get("norm", "fully_normalized") != "fully_normalized":
        raise ArchiveError(
            f"{source.url}: norm {said['norm']!r}; only fully_normalized coefficients are read"
        )
    gm = said.get("gravity_constant") or said.get("earth_gravity_constant")
    if gm is None or "radius" not in said or "max_degree" not in said:
        raise ArchiveError(f"{source.url}: the ICGEM header needs gravity_constant, radius and max_degree")
    records = body.partition(b"\n")[2].splitlines()
    static = [line[3:] for line in records if line.startswith((b"gfc ", b"gfc\t"))]
    if len(static) != sum(1 for line in records if line.strip()):
        raise ArchiveError(
            f"{source.url}: only static records (gfc) are read; "
            "there are others, such as time-variable ones (gfct)"
        )
    gm_si, radius_m = _lunar(_number(gm, source), _number(said["radius"], source), source, kilometres=False)
    lmax = _degree(said["max_degree"], source)
    header = _Header(name=said.get("modelname", source.name), gm=gm_si, radius_m=radius_m, lmax=lmax)
    return header, coefficient_rows(b"\n".join(static), source.url)


def _geodyn(source: OutsideFile) -> tuple[_Header, pd.DataFrame]:
    """Header and rows of a GEODYN card file: fixed columns that may touch."""
    import pandas as pd

    lines = source.data.decode("latin-1").splitlines()
    potfield = next(line for line in lines if line.startswith("POTFIELD"))
    cards = [line for line in lines if line.startswith("RECOEF")]
    # Behind highest degree, highest order and a switch, of three columns each: GM, radius, normalisation.
    constants = potfield[17:].split()
    if not any(line.startswith("END") for line in lines) or len(constants) < 2:
        raise ArchiveError(
            f"{source.url}: truncated: a .cof file has GM and radius in POTFIELD and ends with END"
        )
    gm, radius_m = _lunar(
        _number(constants[0], source), _number(constants[1], source), source, kilometres=False
    )
    if len(constants) > 2 and _number(constants[2], source) != 1.0:
        raise ArchiveError(f"{source.url}: POTFIELD says {constants[2]}, not 1: coefficients not normalised")
    # Degree, order, cosine, sine by their columns: a minus sign or a third digit leaves no blank between.
    fields = [(card[6:11], card[11:14], card[14:38], card[38:59] or "0") for card in cards]
    rows = [[_number(field or "0", source) for field in row] for row in fields]
    header = _Header(name=source.name, gm=gm, radius_m=radius_m, lmax=_degree(potfield[8:11], source))
    return header, pd.DataFrame(rows, columns=["degree", "order", "cosine", "sine"])


def _text(source: OutsideFile) -> tuple[_Header, pd.DataFrame]:
    """Header and rows of a table whose first line gives radius, GM, an uncertainty or rotation, and lmax.

    PDS tables are in kilometres, pyshtools' in metres; some put GM first. The Moon's values tell.
    """
    lines = source.data.split(b"\n")
    first = next((n for n, line in enumerate(lines) if line.strip() and not line.startswith(b"#")), 0)
    words = lines[first].replace(b",", b" ").decode("latin-1").split()
    if len(words) < 2 or words[0].lstrip("+-").isdigit() or not words[0][-1].isdigit():
        raise ArchiveError(
            f"{source.url}: the first line is {' '.join(words)[:60]!r}, not radius and GM; this is no "
            "gravity model in a known format (PDS .tab, ICGEM .gfc, GEODYN .cof, pyshtools text)"
        )
    numbers = [_number(word, source) for word in words]
    gm, radius_m = _lunar(*_told_apart(numbers[0], numbers[1]), source, kilometres=True)
    if len(numbers) > 5 and numbers[5] != 1.0:
        raise ArchiveError(f"{source.url}: normalisation {words[5]}; only 1 (fully normalised) is read")
    # GM and radius (or an uncertainty) are written with a point, the degree is not.
    lmax = next((int(word) for word in words[2:] if word.isdigit()), None)
    header = _Header(name=source.name, gm=gm, radius_m=radius_m, lmax=lmax)
    return header, coefficient_rows(b"\n".join(lines[first + 1 :]), source.url)


def _lunar(gm: float, radius: float, source: OutsideFile, *, kilometres: bool) -> tuple[float, float]:
    """GM and radius in metres, if they are the Moon's; `kilometres` where the format allows them."""
    in_km = (gm < _LARGEST_KM3, radius < _LONGEST_KM)
    if in_km[0] != in_km[1] or (all(in_km) and not kilometres):
        raise ArchiveError(
            f"{source.url}: GM {gm:g} and radius {radius:g} are not both in metres"
            f"{' or both in kilometres' if kilometres else ', as the format demands'}: "
            "kilometres were given for metres"
        )
    gm_m, radius_m = (gm * 1e9, radius * 1e3) if all(in_km) else (gm, radius)
    same_gm = abs(gm_m / GM_MOON - 1.0) < _GM_TOLERANCE
    if not (same_gm and is_lunar_radius(radius_m)):
        body = _nearest_body(gm_m, radius_m)
        raise ArchiveError(
            f"{source.url}: this is not a model of the Moon: GM {gm_m:.6g} m3/s2 and radius "
            f"{radius_m / 1e3:.1f} km are nearest to {body}'s; the Moon has GM {GM_MOON:.6g} "
            f"and {RADIUS_M / 1e3} km"
        )
    return gm_m, radius_m


def _require_plausible(table: FloatArray, source: OutsideFile) -> None:
    size = np.abs(table[:, 2:])
    if size.size and size.max() > _LARGEST_COEFFICIENT:
        # Degrees 0 and 1 are cut off before the look for the largest, so they are added back to its place.
        _, degree, order = np.unravel_index(int(size.argmax()), size.shape)
        raise ArchiveError(
            f"{source.url}: the coefficient of degree {degree + 2} order {order} is {size.max():g} in size; "
            f"the Moon's are below {_LARGEST_COEFFICIENT:g}: the file is damaged, or of something else "
            "than gravity"
        )


def _told_apart(one: float, other: float) -> tuple[float, float]:
    """GM and radius in that order, from either order: one is the Moon's radius, else GM is the larger."""
    for gm, radius in ((one, other), (other, one)):
        if any(is_lunar_radius(radius * unit) for unit in (1.0, 1e3)):
            return gm, radius
    return max(one, other), min(one, other)


def _nearest_body(gm: float, radius_m: float) -> str:
    # In ratios: GM spans four powers of ten, so by differences the small bodies would all be alike.
    def distance(name: str) -> float:
        body_gm, body_radius = _BODIES[name]
        return math.hypot(math.log(gm / body_gm), math.log(radius_m / body_radius))

    return min(_BODIES, key=distance) if gm > 0 and radius_m > 0 else "no body"


def _degree(word: str, source: OutsideFile) -> int:
    if not word.strip().isdigit():
        raise ArchiveError(f"{source.url}: the highest degree is {word!r}, not an integer")
    return int(word)


def _number(word: str, source: OutsideFile) -> float:
    try:
        return float(word.upper().replace("D", "E"))
    except ValueError as error:
        raise ArchiveError(f"{source.url}: {word!r} is not a number; the file is damaged") from error
