"""Writing the synthetic Moon as the archive's tiles, and planting the archive's known defects in them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from lunarcloud.archive import MISSING
from lunarcloud.errors import InputError
from lunarcloud.moon import FloatArray, Positions
from lunarcloud.synthetic.fields import pixel_noise
from lunarcloud.synthetic.geology import truth
from lunarcloud.synthetic.pds3 import SCALING_FACTOR, pds3_file
from lunarcloud.synthetic.pds4 import write_pds4
from lunarcloud.synthetic.spectra import reflectance
from lunarcloud.synthetic.tiling import FULL_RESOLUTION, Frame, frames

# Lines are computed in blocks of about this many pixels, so a full-resolution tile needs little memory.
_BLOCK_PIXELS = 1 << 18
_ALL_BANDS = (0, 1, 2, 3, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """A value written into some bands over a box.

    Attributes
    ----------
    kind : str
        What it is an example of, as in `archive.MISSING_KINDS`.
    value : int
        The DN.
    bands : tuple of int
        0..4.
    south, north : float
        Latitudes of the box, degrees.
    west, east : float
        East longitudes of the box, degrees, 0..360.
    """

    kind: str
    value: int
    bands: tuple[int, ...]
    south: float
    north: float
    west: float
    east: float


#: One example of each kind of missing pixel that the archive has; kinds as in `archive.MISSING_KINDS`.
DEFECTS = (
    Defect(kind="null", value=-32768, bands=_ALL_BANDS, south=-20, north=-15, west=100, east=103),
    Defect(kind="low_repr_saturation", value=-32767, bands=(0,), south=9, north=11, west=44, east=46),
    Defect(kind="low_instr_saturation", value=-32766, bands=(1,), south=9, north=11, west=47, east=49),
    Defect(kind="high_instr_saturation", value=-32765, bands=(2,), south=9, north=11, west=49, east=51),
    Defect(kind="high_repr_saturation", value=-32764, bands=(3,), south=9, north=11, west=52, east=54),
    Defect(kind="unflagged_saturation", value=32760, bands=(4,), south=-34, north=-32, west=289, east=291),
    Defect(kind="off_scale", value=9000, bands=(0,), south=60, north=62, west=200, east=204),
    Defect(kind="off_scale", value=-40, bands=(3,), south=-62, north=-60, west=20, east=24),
)


class Planted(NamedTuple):
    """A defect and what it took in one tile.

    Attributes
    ----------
    product_id : str
        The tile.
    defect : Defect
        What was planted.
    values : int
        Values written, over all its bands.
    """

    product_id: str
    defect: Defect
    values: int


class Written(NamedTuple):
    """What `write_tiles` wrote.

    Attributes
    ----------
    files : tuple of Path
        The tiles; of PDS4, the labels.
    planted : tuple of Planted
        By tile and defect, where any value was written.
    """

    files: tuple[Path, ...]
    planted: tuple[Planted, ...]


def write_tiles(
    folder: str | os.PathLike[str],
    *,
    ppd: float = FULL_RESOLUTION,
    issue: Literal["pds3", "pds4"] = "pds3",
    product_ids: Sequence[str] | None = None,
    seed: int = 0,
    noise: float = 0.002,
    defects: Sequence[Defect] = (),
) -> Written:
    """Write tiles of the synthetic Moon in the archive's format, with its names.

    Parameters
    ----------
    folder : path
        Where to; made if it is not there.
    ppd : float
        Pixels per degree, 1 to 2000; the default is the archive's 303.23349.
    issue : {"pds3", "pds4"}
        ``ui03n003.img`` with attached label, or ``uvvis_03n_003e.xml`` with ``.tif``.
    product_ids : sequence of str, optional
        Such as ``["UI03N003"]``; by default all 996.
    seed : int
        Which of the synthetic Moons.
    noise : float
        Standard deviation of a band's error, as a fraction of its reflectance; 0 for none.
    defects : sequence of Defect
        What to plant, such as `DEFECTS`.

    Returns
    -------
    Written
        A tile's bytes depend on the arguments alone, not on which others are written or in what order.

    Raises
    ------
    InputError
        For a resolution or noise out of range, or a name that is not one of the archive's.
    """
    if not 0.0 <= noise < 1.0:
        raise InputError(f"noise {noise}: give a fraction of the reflectance, 0 to below 1")
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    planted: list[Planted] = []
    for frame in _chosen(frames(ppd), product_ids):
        dn, found = tile_dn(frame, seed=seed, noise=noise, defects=defects)
        files.append(_write_pds3(place, frame, dn) if issue == "pds3" else write_pds4(place, frame, dn))
        planted += found
    return Written(files=tuple(files), planted=tuple(planted))


def tile_dn(
    frame: Frame, *, seed: int, noise: float, defects: Sequence[Defect] = ()
) -> tuple[npt.NDArray[np.int16], list[Planted]]:
    """Values of one tile.

    Parameters
    ----------
    frame : Frame
        Where the tile lies.
    seed : int
        Which of the synthetic Moons.
    noise : float
        Standard deviation of a band's error, as a fraction of its reflectance, 0 to below 1.
    defects : sequence of Defect
        What to plant.

    Returns
    -------
    dn : ndarray of int16, shape (5, lines, samples)
        The values; -32768 where the tile's edges leave a pixel out.
    planted : list of Planted
        What was written of each defect.
    """
    dn = np.empty((len(_ALL_BANDS), frame.lines, frame.samples), dtype=np.int16)
    counts = dict.fromkeys(defects, 0)
    step = max(1, _BLOCK_PIXELS // frame.samples)
    for start in range(0, frame.lines, step):
        stop = min(start + step, frame.lines)
        where, within = frame.positions(start, stop)
        # A view: what is written to the block is in the tile. Noise hashes positions, so blocks of another
        # size would give the same bytes.
        block = dn[:, start:stop]
        block[...] = _measured(where, seed=seed, noise=noise)
        block[:, ~within] = MISSING
        for defect in defects:
            counts[defect] += _plant(block, defect, where, within)
    return dn, [Planted(frame.product_id, defect, count) for defect, count in counts.items() if count]


def _measured(where: Positions, *, seed: int, noise: float) -> npt.NDArray[np.int16]:
    true = reflectance(truth(lat=where.lat, lon=where.lon, seed=seed))
    measured: FloatArray = true
    if noise > 0.0:
        errors = [pixel_noise(lat=where.lat, lon=where.lon, band=band, seed=seed) for band in _ALL_BANDS]
        measured = true * (1.0 + noise * np.stack(errors))
    # A measurement is never below 0 or above 1, which would be a defect.
    return np.rint(np.clip(measured, 0.0, 0.999) / SCALING_FACTOR).astype(np.int16)


def _plant(
    block: npt.NDArray[np.int16], defect: Defect, where: Positions, within: npt.NDArray[np.bool_]
) -> int:
    box = (where.lat >= defect.south) & (where.lat <= defect.north) & within
    box &= (where.lon >= defect.west) & (where.lon <= defect.east)
    for band in defect.bands:
        block[band][box] = defect.value
    return int(np.count_nonzero(box)) * len(defect.bands)


def _chosen(all_frames: Sequence[Frame], product_ids: Sequence[str] | None) -> list[Frame]:
    if product_ids is None:
        return list(all_frames)
    by_name = {frame.product_id: frame for frame in all_frames}
    unknown = [name for name in product_ids if name.upper() not in by_name]
    if unknown:
        raise InputError(f"{unknown[0]!r} is not a tile of the archive; names are such as 'UI03N003'")
    return [by_name[name.upper()] for name in product_ids]


def _write_pds3(folder: Path, frame: Frame, dn: npt.NDArray[np.int16]) -> Path:
    path = folder / f"{frame.product_id.lower()}.img"
    path.write_bytes(pds3_file(frame, dn))
    return path
