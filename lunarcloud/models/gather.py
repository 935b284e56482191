"""From a station table and a mosaic to the samples a model is fitted to."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from lunarcloud.archive import CLEMENTINE, Station, StationTable, same_bands
from lunarcloud.errors import InputError
from lunarcloud.models.agreement import NOT_MIXED_ABOVE, Compared, worst
from lunarcloud.models.card import StationUse
from lunarcloud.models.choices import CHOICES
from lunarcloud.models.samples import Samples, SiteMean, site_mean, site_pixels
from lunarcloud.mosaic import REFLECTANCE, Mosaic, as_reflectance, sampled_numbers
from lunarcloud.quantities import OXIDES
from lunarcloud.storage import open_codes

if TYPE_CHECKING:  # slow to import, and stations with a reflectance need no pixels
    import xarray as xr

#: Where reflectances come from; None: the table's where it has one, else the mosaic's, if both are one scale;
#: mixed: the same whether they are or not.
Source: TypeAlias = Literal["table", "mosaic", "mixed"] | None


class Gathered(NamedTuple):
    """Stations with a reflectance, how each got it, and why others were left out."""

    samples: Samples
    used: tuple[StationUse, ...]
    left_out: dict[str, str]
    table: StationTable  #: of the stations used, with the reflectances used
    compared: Compared | None  #: table and mosaic where stations have both; None without a mosaic


def gather(table: StationTable, mosaic: Mosaic | None, source: Source) -> Gathered:
    """Give every station a reflectance, or say why it has none.

    Parameters
    ----------
    table : StationTable
        The stations.
    mosaic : Mosaic or None
        Where to look for reflectances that the table does not have, or all of them.
    source : {"table", "mosaic", "mixed"} or None
        Where reflectances come from; None: the table's where it has one, else the mosaic's unless both differ
        by more than `agreement.NOT_MIXED_ABOVE`; mixed: however much they differ.

    Returns
    -------
    Gathered
        Stations in the table's order; every one of the table is either used or left out with a reason.

    Raises
    ------
    InputError
        If no station is left.
    """
    opened = None if mosaic is None else _Opened(mosaic)
    compared = None if opened is None else _compare(table, opened)
    apart = _apart(compared) if compared and source is None else None
    wavelengths, look = _choose(table, opened, source, apart)
    used, left_out, stations = [], dict[str, str](), []
    for station in table.stations:
        found = look(station)
        if isinstance(found, str):
            left_out[station.site] = found
        elif not station.oxides:
            left_out[station.site] = "no oxide of it is known"
        else:
            used.append(found.use)
            stations.append(replace(station, reflectance=found.reflectance))
    if not stations:
        # Each reason once: 49 stations often share one.
        reasons = "; ".join(dict.fromkeys(left_out.values())) or "all were left out"
        raise InputError(f"{table.name}: no station to fit to: {reasons}")
    kept = StationTable(tuple(stations), wavelengths, table.name)
    return Gathered(_samples(kept), tuple(used), left_out, kept, compared)


def sampled_reflectance(mosaic: Mosaic) -> npt.NDArray[np.float32]:
    """Spectra of a mosaic in blocks all over the Moon.

    Parameters
    ----------
    mosaic : Mosaic
        Of which; 600 chunks of it are read.

    Returns
    -------
    ndarray, float32, shape (block, band, pixel)
        Reflectances as fractions, NaN where missing; the same at every call.
    """
    return as_reflectance(mosaic, sampled_numbers(mosaic, CHOICES.blocks, CHOICES.block_edge))


class _Opened:
    """A mosaic whose pixels are opened when the first station needs them, and once for all stations."""

    def __init__(self, mosaic: Mosaic) -> None:
        self.mosaic = mosaic

    @cached_property
    def pixels(self) -> "xr.DataArray":
        """Reflectance (band, lat, lon), lazy, and without Dask: a few pixels are read here and now."""
        import xarray as xr

        opened = xr.decode_cf(open_codes(self.mosaic.group.place))
        return opened[REFLECTANCE].transpose("band", "lat", "lon")


class _Found(NamedTuple):
    reflectance: tuple[float, ...]
    use: StationUse


def _choose(
    table: StationTable, mosaic: _Opened | None, source: Source, apart: str | None
) -> tuple[tuple[float, ...], Callable[[Station], _Found | str]]:
    """The wavelengths of the fit and how a station's reflectance (or the reason for none) is found."""
    mosaic_nm = (mosaic.mosaic.instrument if mosaic else CLEMENTINE).wavelengths_nm
    # One fit has one set of bands. A table without reflectances has none to say, so the mosaic's hold.
    if source == "mosaic" or not table.wavelengths_nm:
        return mosaic_nm, lambda station: _from_mosaic(station, mosaic)
    if source == "table":
        return table.wavelengths_nm, _from_table

    def either(station: Station) -> _Found | str:
        if station.reflectance is not None:
            return _from_table(station)
        if mosaic is not None and not same_bands(table.wavelengths_nm, mosaic_nm):
            return "no reflectance in the table, and the mosaic has other bands than the table"
        if apart:
            return f"no reflectance in the table, and {apart}"
        return _from_mosaic(station, mosaic)

    return table.wavelengths_nm, either


def _compare(table: StationTable, mosaic: _Opened) -> Compared:
    """Table and mosaic at the stations that have both; none where their bands differ."""
    bands_nm = mosaic.mosaic.instrument.wavelengths_nm
    one_set = same_bands(table.wavelengths_nm, bands_nm)
    known = [each for each in table.stations if one_set and each.reflectance is not None]
    found = {
        each.site: (each.reflectance, sampled.mean) for each in known if (sampled := _sample(mosaic, each))
    }
    both = np.array(list(found.values()), dtype=np.float64).reshape(len(found), 2, len(bands_nm))
    return Compared(tuple(found), bands_nm, both[:, 0].T, both[:, 1].T)


def _apart(compared: Compared) -> str | None:
    """Why table and mosaic are not to be mixed, if they are not."""
    found = worst(compared.bands)
    if found is None or found.difference <= NOT_MIXED_ABOVE:
        return None
    return (
        f"the mosaic's reflectance is another scale: at {found.wavelength_nm:g} nm it differs from the"
        f" table's by {found.difference:.0%} at {found.stations} stations, more than {NOT_MIXED_ABOVE:.0%} "
        "(--reflectance mixed takes it all the same, --reflectance mosaic takes it for all stations)"
    )


def _from_table(station: Station) -> _Found | str:
    if station.reflectance is None:
        return "no reflectance in the table"
    return _Found(station.reflectance, _use(station, "table", None))


def _from_mosaic(station: Station, mosaic: _Opened | None) -> _Found | str:
    if mosaic is None:
        return "no reflectance in the table and no mosaic to sample"
    found = _sample(mosaic, station)
    if found is None:
        return "no valid pixel of the mosaic at the site"
    return _Found(tuple(found.mean.tolist()), _use(station, "mosaic", found))


def _use(station: Station, source: Literal["table", "mosaic"], found: SiteMean | None) -> StationUse:
    return StationUse(
        site=station.site,
        reflectance=source,
        oxides=tuple(oxide for oxide in OXIDES if oxide in station.oxides),
        pixels=None if found is None else found.pixels,
        spread=None if found is None else tuple(found.spread.tolist()),
    )


def _sample(mosaic: _Opened, station: Station) -> SiteMean | None:
    """The mean spectrum of the mosaic's pixels at a station; None if none of them is valid."""
    rows, cols = site_pixels(mosaic.mosaic.grid, station)
    # By numbers of rows and columns and not by slices: a site may lie across the 180th meridian.
    return site_mean(mosaic.pixels.isel(lat=rows, lon=cols).values)


def _samples(table: StationTable) -> Samples:
    reflectance: Sequence[tuple[float, ...]] = [station.reflectance or () for station in table.stations]
    return Samples(
        sites=tuple(station.site for station in table.stations),
        wavelengths_nm=table.wavelengths_nm,
        # A table has a row a station; all arithmetic is (band, station), as the mosaic is (band, lat, lon).
        reflectance=np.array(reflectance).T,
        oxides=np.array(
            [[station.oxides.get(oxide, np.nan) for station in table.stations] for oxide in OXIDES]
        ),
    )
