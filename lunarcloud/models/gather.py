"""From a station table and a mosaic to the samples a model is fitted to."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np

from lunarcloud.archive import CLEMENTINE, Station, StationTable, same_bands
from lunarcloud.errors import InputError
from lunarcloud.models.card import StationUse
from lunarcloud.models.samples import Samples, SiteMean, site_mean, site_pixels
from lunarcloud.mosaic import REFLECTANCE, Mosaic
from lunarcloud.quantities import OXIDES

if TYPE_CHECKING:  # slow to import, and stations with a reflectance need no pixels
    import xarray as xr

#: Where reflectances come from; None: the table's where it has one, else the mosaic's.
Source: TypeAlias = Literal["table", "mosaic"] | None


class Gathered(NamedTuple):
    """Stations with a reflectance, how each got it, and why others were left out."""

    samples: Samples
    used: tuple[StationUse, ...]
    left_out: dict[str, str]
    table: StationTable  #: of the stations used, with the reflectances used


def gather(table: StationTable, mosaic: Mosaic | None, source: Source) -> Gathered:
    """Give every station a reflectance, or say why it has none.

    Parameters
    ----------
    table : StationTable
        The stations.
    mosaic : Mosaic or None
        Where to look for reflectances that the table does not have, or all of them.
    source : {"table", "mosaic"} or None
        Where reflectances come from; None: the table's where it has one, else the mosaic's.

    Returns
    -------
    Gathered
        Stations in the table's order; every one of the table is either used or left out with a reason.

    Raises
    ------
    InputError
        If no station is left.
    """
    wavelengths, look = _choose(table, None if mosaic is None else _Opened(mosaic), source)
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
    return Gathered(_samples(kept), tuple(used), left_out, kept)


class _Opened:
    """A mosaic whose pixels are opened when the first station needs them, and once for all stations."""

    def __init__(self, mosaic: Mosaic) -> None:
        self.mosaic = mosaic

    @cached_property
    def pixels(self) -> "xr.DataArray":
        """Reflectance (band, lat, lon), lazy, and without Dask: a few pixels are read here and now."""
        import xarray as xr

        opened: xr.Dataset = xr.open_zarr(
            self.mosaic.group.place.url, zarr_format=3, consolidated=True, chunks=None
        )
        return opened[REFLECTANCE].transpose("band", "lat", "lon")


class _Found(NamedTuple):
    reflectance: tuple[float, ...]
    use: StationUse


def _choose(
    table: StationTable, mosaic: _Opened | None, source: Source
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
        return _from_mosaic(station, mosaic)

    return table.wavelengths_nm, either


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
