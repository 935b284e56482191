"""Action ``sample``: the values of every map of a run at points, from a CSV into a CSV."""

import csv
import io
from collections.abc import Iterator, Mapping
from math import log10
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from lunarcloud.archive import Points, read_points
from lunarcloud.engine import Cluster, Session, Watch
from lunarcloud.errors import InputError
from lunarcloud.lineage import Root
from lunarcloud.maps import QUALITY, Run
from lunarcloud.processes.action import Action
from lunarcloud.processes.findings import stream_over
from lunarcloud.processes.inputs import ARGUMENT, Inputs, file, parent, place
from lunarcloud.processes.process import Report, Table
from lunarcloud.processes.records import run_of
from lunarcloud.quantities import QUANTITIES
from lunarcloud.statistics import values_at
from lunarcloud.storage import folder

if TYPE_CHECKING:  # slow to import
    import xarray as xr


class SampleInputs(Inputs):
    """Which points, of which run, and where the values go."""

    points: str = file(
        ..., "CSV with columns lat and lon (degrees, east positive, -180..360)", **{ARGUMENT: True}
    )
    to: str = place(..., "CSV to write: the same rows with every map's value")
    run: str = parent("runs", "run to look at")


class MapSample(BaseModel):
    """What was found of one map."""

    model_config = ConfigDict(frozen=True)

    map: str
    units: str
    values: int = Field(description="points with a value")
    mean: float | None = Field(description="of these, in the map's units")


class Sampled(BaseModel):
    """Values at points.

    Attributes
    ----------
    url, run : str
        The table that was written, and of which run.
    points : int
        Rows in it.
    maps : tuple of MapSample
        What there is of each map.
    flagged : dict of str to int
        Points by what ``quality`` says of their pixels.
    """

    model_config = ConfigDict(frozen=True)

    url: str
    run: str
    points: int
    maps: tuple[MapSample, ...]
    flagged: dict[str, int]


def _act(inputs: SampleInputs, root: Root, cluster: Cluster, watch: Watch) -> Sampled:
    points, run = read_points(inputs.points), run_of(root, root.find("runs", inputs.run))
    home, _, name = inputs.to.rpartition("/")
    _require_free(inputs, name, points, run)
    with Session(cluster, watch) as session:
        found = values_at(run, lat=points.lat, lon=points.lon, stream=stream_over(session, "sample", run))
    target = folder(home or ".")
    target.write(name, _written(points, found, run).encode())
    flags = found[QUALITY].values
    return Sampled(
        url=f"{target.url}/{name}",
        run=run.place.name,
        points=len(points.rows),
        maps=tuple(_of_map(found, each) for each in _held(run)),
        flagged={
            meaning: count
            for meaning, bit in run.card.flags.items()
            if (count := int(np.count_nonzero(flags & bit)))
        },
    )


def _require_free(inputs: SampleInputs, name: str, points: Points, run: Run) -> None:
    """Refuse to write over the points, or a column over another."""
    if not name or inputs.to == inputs.points:
        raise InputError(f"--to {inputs.to!r}: give the name of another CSV to write")
    if twice := set(points.header) & set(_columns(run)):
        raise InputError(
            f"{inputs.points}: column {', '.join(sorted(twice))} would be there twice; rename it in that file"
        )


def _held(run: Run) -> tuple[str, ...]:
    """Maps and half-widths."""
    return (*run.card.maps, *run.card.intervals)


def _columns(run: Run) -> tuple[str, ...]:
    """Names of the columns of values: maps with their unit, where they have one."""
    units = ((name, QUANTITIES[name].units) for name in _held(run))
    mapped = (name if unit == "1" else f"{name} [{unit}]" for name, unit in units)
    return (*mapped, QUALITY, "flags", "pixel_lat", "pixel_lon")


def _written(points: Points, found: "xr.Dataset", run: Run) -> str:
    """The table as CSV: the rows as they were, each with the values of its pixel, empty where missing."""
    columns = [
        *(_numbers(found[name].values, _decimals(name)) for name in _held(run)),
        map(str, found[QUALITY].values),
        _words(found[QUALITY].values, run.card.flags),
        *(_numbers(found[name].values, 6) for name in ("pixel_lat", "pixel_lon")),
    ]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*points.header, *_columns(run)))
    writer.writerows((*row, *values) for row, *values in zip(points.rows, *columns, strict=True))
    return text.getvalue()


def _numbers(values: npt.NDArray[Any], decimals: int) -> Iterator[str]:
    return ("" if np.isnan(value) else f"{value:.{decimals}f}" for value in values)


def _decimals(name: str) -> int:
    """Digits that a step of a map's codes has."""
    return round(-log10(QUANTITIES[name].step))


def _words(flags: npt.NDArray[Any], bits: Mapping[str, int]) -> Iterator[str]:
    """What each pixel's flags mean; there are few combinations of them."""
    known = {
        int(value): " ".join(word for word, bit in bits.items() if value & bit) for value in np.unique(flags)
    }
    return (known[int(value)] for value in flags)


def _of_map(found: "xr.Dataset", name: str) -> MapSample:
    values = found[name].values
    there = values[np.isfinite(values)]
    mean = float(there.mean(dtype=np.float64)) if there.size else None
    return MapSample(map=name, units=QUANTITIES[name].units, values=there.size, mean=mean)


def _report(found: Sampled) -> Report:
    rows = tuple((each.map, each.units, each.values, each.mean) for each in found.maps)
    flagged = ", ".join(f"{meaning} {count}" for meaning, count in found.flagged.items())
    return Report(
        {"written": found.url, "run": found.run, "points": found.points, "flagged": flagged or "none"},
        {"values at the points": Table(columns=("map", "unit", "points", "mean"), rows=rows)},
    )


ACTION = Action(name="sample", inputs=SampleInputs, result=Sampled, act=_act, report=_report)
