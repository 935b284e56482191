"""Action ``demo``: everything, from archive tiles to findings, on a Moon whose truth is known."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from lunarcloud import moon, synthetic
from lunarcloud.archive import SAMPLE_60639, read_prospector
from lunarcloud.engine import Cluster, Note, Session, Watch
from lunarcloud.lineage import Root
from lunarcloud.models import Equations, equation_maps
from lunarcloud.processes.action import Action
from lunarcloud.processes.inputs import ARGUMENT, Inputs, checked, option, place
from lunarcloud.processes.process import Report, Table
from lunarcloud.processes.registry import process
from lunarcloud.processes.run import Outcome, run_in
from lunarcloud.quantities import counterparts
from lunarcloud.statistics import CHANCE_OF_MEAN
from lunarcloud.storage import folder

# What nobody may overlook in the results.
_NOTES = (
    "The composition of this Moon is synthetic, only its maria lie where the real ones are. Lunar Prospector "
    "measured the real Moon: the comparison shows how one is made, and its agreement validates nothing.",
    "The gravity is the real Moon's, from LP165P and LOLA's topography; it knows nothing of these maps.",
)
# Above, LP165P is noise on the far side, where no station on Earth saw the spacecraft.
_DEGREES = (10, 60)


class DemoInputs(Inputs):
    """Where the demonstration goes."""

    place: str = place(
        "demo", "new local folder for the tiles, and the root without another", **{ARGUMENT: True}
    )
    ppd: int = option(4, "pixels per degree", limits={"ge": 2, "le": 64})
    seeds: int = option(20, "networks of each oxide, as for fit", limits={"ge": 1, "le": 32})


class MeanRow(BaseModel):
    """One map's mean over the whole Moon, in the map's units, beside the truth and the real Moon."""

    model_config = ConfigDict(frozen=True)

    map: str
    units: str
    mean: float | None
    chance: float | None = Field(
        description="of the mean: its standard deviation over networks of other seeds"
    )
    truth: float | None
    prospector: float | None = Field(description="mean of Lunar Prospector's pixels over the real Moon")
    correlation: float | None = Field(description="of the map with Lunar Prospector's pixels")
    clipped: float = Field(description="per cent of the map that was clipped, and is not in the mean")
    extrapolated: float = Field(description="per cent that is unlike any station, and is in the mean")


class Demonstration(BaseModel):
    """What the demonstration made.

    Attributes
    ----------
    root : str
        Where.
    tiles : int
        How many were written.
    records : dict of str to str
        URL of every record, by process.
    opens : dict of str to str
        Zarr groups to open in plain xarray, by what they are.
    means : tuple of MeanRow
        Of every map.
    notes : tuple of str
        What the results are not.
    """

    model_config = ConfigDict(frozen=True)

    root: str
    tiles: int
    records: dict[str, str]
    opens: dict[str, str]
    means: tuple[MeanRow, ...]
    notes: tuple[str, ...] = _NOTES


def _act(inputs: DemoInputs, root: Root, cluster: Cluster, watch: Watch) -> Demonstration:
    home = Path(inputs.place)
    root.folder.require_writable()
    folder(home).require_writable()
    watch(Note(f"996 PDS3 tiles at {inputs.ppd} pixels per degree"))
    tiles = synthetic.write_tiles(home / "tiles", ppd=inputs.ppd, defects=synthetic.DEFECTS).files
    table = home / "stations.csv"
    synthetic.station_table().to_csv(table, index=False)
    made: dict[str, Outcome] = {}
    with Session(cluster, watch) as session:
        for name, values in _steps(inputs, home, table):
            watch(Note(name))
            found = process(name)
            made[name] = run_in(session, found, checked(found.inputs, values), root)
    return Demonstration(
        root=root.url,
        tiles=len(tiles),
        records={name: outcome.place.url for name, outcome in made.items()},
        opens={
            what: f"{made[name].place.url}/{process(name).opens}"
            for what, name in (("mosaic", "ingest"), ("maps", "map"), ("gravity", "gravity"))
        },
        means=tuple(_means(made, inputs.ppd)),
    )


def _steps(inputs: DemoInputs, home: Path, table: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Processes with their inputs, in order."""
    yield "ingest", {"tiles": (str(home / "tiles"),), "ppd": inputs.ppd}
    yield "fit", {"stations": str(table), "reflectance": "mosaic", "seeds": inputs.seeds}
    yield "map", {}
    yield "gravity", {"ppd": inputs.ppd, "degrees": _DEGREES, "gradient_degrees": _DEGREES}
    yield "reduce", {}
    yield "compare", {}
    yield "prospector", {}
    yield "polar", {}
    # The synthetic spectra know FeO, TiO2 and maturity; the patch's MgO departs from their trend unseen.
    ranges = {name: bounds for name, bounds in SAMPLE_60639.items() if name != "mgo"}
    yield "provenance", {**ranges, "sample": "60639"}


def _means(made: dict[str, Outcome], ppd: int) -> Iterator[MeanRow]:
    truth, measured = _true_means(ppd, made["fit"].record.card.equations), _measured_means()
    compared = {row["map"]: row for row in _rows(made["prospector"], "comparison")}
    for row in _rows(made["reduce"], "statistics"):
        if row["unit"] == "global":
            name = row["map"]
            yield MeanRow(
                map=name,
                units=row["units"],
                mean=row["mean"],
                chance=row.get(CHANCE_OF_MEAN),
                truth=truth.get(name.partition("_")[0]),
                prospector=measured.get(name),
                correlation=compared.get(name, {}).get("correlation"),
                clipped=row["clipped_per_cent"],
                extrapolated=row["extrapolated_per_cent"],
            )


def _rows(outcome: Outcome, name: str) -> list[dict[str, Any]]:
    table = outcome.record.card.tables[name]
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def _measured_means() -> dict[str, float]:
    """By map, the area-weighted mean of its counterpart in the table that the demo compares with."""
    measured = read_prospector("5deg")
    return {
        name: float(np.average(measured.abundance[constituent], weights=measured.area_km2))
        for name, constituent in counterparts().items()
    }


def _true_means(ppd: int, equations: Equations) -> dict[str, float]:
    """Area-weighted means of the synthetic Moon's truth over the whole Moon.

    OMAT is a distance from an origin in the plane of the spectra, and the truth's is the paper's: beside a
    map it is measured from the map's.
    """
    grid = moon.grid(ppd)
    true = synthetic.truth(lat=grid.lat()[:, None], lon=grid.lon()[None, :])
    maturity = equation_maps(synthetic.reflectance(true).reshape(5, -1), equations).omat.reshape(grid.shape)
    areas = grid.pixel_area_m2()
    values = {**true._asdict(), "omat": maturity}
    return {name: float(each.mean(axis=1) @ areas / areas.sum()) for name, each in values.items()}


def _report(found: Demonstration) -> Report:
    columns = ("map", "unit", "mapped", "truth", "LP", "r with LP", "clipped %", "extrap. %")
    rows = tuple(
        (
            row.map,
            row.units,
            _with_chance(row),
            *(
                None if each is None else f"{each:.3f}"
                for each in (row.truth, row.prospector, row.correlation)
            ),
            *(f"{each:.1f}" for each in (row.clipped, row.extrapolated)),
        )
        for row in found.means
    )
    facts = {"tiles written": found.tiles, "root": found.root, **found.records}
    lines = [f'{what} = xarray.open_zarr("{url}")' for what, url in found.opens.items()]
    return Report(
        facts,
        {
            "means over the whole Moon, without what was clipped; ± the chance of training; "
            "LP: of the real Moon": Table(columns=columns, rows=rows)
        },
        (
            *(f"note: {note}" for note in found.notes),
            "open it in Python, without lunarcloud:",
            *lines,
            f"look at it in a browser: lunarcloud view --root {found.root}",
        ),
    )


def _with_chance(row: MeanRow) -> str | None:
    if row.mean is None:
        return None
    return f"{row.mean:.3f}" + ("" if row.chance is None else f" ± {row.chance:.3f}")


ACTION = Action(
    name="demo",
    inputs=DemoInputs,
    result=Demonstration,
    act=_act,
    report=_report,
    own_root=lambda inputs: str(Path(inputs.place) / "root"),
)
