"""Job ``demo``: everything, from archive tiles to findings, on a Moon whose truth is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from lunarcloud import moon, synthetic
from lunarcloud.archive.lpgrs import read_prospector
from lunarcloud.engine import Cluster, connect
from lunarcloud.jobs.compare import CompareInputs, ProspectorInputs, compare_prospector, compare_runs
from lunarcloud.jobs.findings import Finding
from lunarcloud.jobs.fit import FitInputs, fit
from lunarcloud.jobs.gravity import GravityInputs, gravity
from lunarcloud.jobs.ingest import IngestInputs, ingest
from lunarcloud.jobs.map import MapInputs, map_oxides
from lunarcloud.jobs.polar import PolarInputs, find_polar
from lunarcloud.jobs.provenance import ProvenanceInputs, find_provenance
from lunarcloud.jobs.reduce import ReduceInputs, reduce_run
from lunarcloud.maps import find_run
from lunarcloud.statistics.prospector import COUNTERPART
from lunarcloud.storage import folder

#: Told of every step as it begins.
Announce = Callable[[str], None]

# What nobody may overlook in the results.
_NOTES = (
    "The composition of this Moon is synthetic, only its maria lie where the real ones are. Lunar Prospector "
    "measured the real Moon: the comparison shows how one is made, and its agreement validates nothing.",
    "The gravity is the real Moon's, from LP165P and LOLA's topography; it knows nothing of these maps.",
)
# Above, LP165P is noise on the far side, where no station on Earth saw the spacecraft.
_DEGREES = (10, 60)


class DemoInputs(BaseModel):
    """Where the demonstration goes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: str = Field(
        min_length=1, description="new local folder for the tiles, and the root without another"
    )
    root: str | None = Field(
        default=None, description="another root for the results, such as s3://bucket/demo"
    )
    ppd: int = Field(default=4, ge=2, le=64, description="pixels per degree")


class MeanRow(BaseModel):
    """One map's mean over the whole Moon, in the map's units, beside the truth and the real Moon."""

    model_config = ConfigDict(frozen=True)

    map: str
    units: str
    mean: float
    truth: float | None
    prospector: float | None = Field(description="mean of Lunar Prospector's pixels over the real Moon")
    correlation: float | None = Field(description="of the map with Lunar Prospector's pixels")


class DemoResult(BaseModel):
    """What the demonstration made."""

    model_config = ConfigDict(frozen=True)

    root: str
    tiles: int
    mosaic_url: str
    model: str
    maps_url: str
    gravity_url: str
    findings: tuple[Finding, ...]
    means: tuple[MeanRow, ...]
    figures: tuple[str, ...]
    notes: tuple[str, ...] = Field(default=_NOTES, description="what the results are not")


def demo(inputs: DemoInputs, cluster: Cluster, announce: Announce) -> DemoResult:
    """Write a synthetic Moon as the archive's 996 tiles and take it through every job.

    A second call computes nothing again.

    Parameters
    ----------
    inputs : DemoInputs
        Where, and at how many pixels per degree.
    cluster : Cluster
        Where to compute.
    announce : callable
        Told of each step, in words.

    Raises
    ------
    StoreError
        If the folder or the root cannot be written.
    """
    place = Path(inputs.place)
    root = inputs.root or str(place / "root")
    folder(root).require_writable()
    folder(place).require_writable()
    announce(f"writing 996 PDS3 tiles at {inputs.ppd} pixels per degree")
    tiles = synthetic.write_tiles(place / "tiles", ppd=inputs.ppd, defects=synthetic.DEFECTS).files
    with _shared(cluster) as shared:
        announce("ingest: tiles to mosaic")
        mosaic = ingest(IngestInputs(tiles=(str(place / "tiles"),), root=root, ppd=inputs.ppd), shared)
        announce("fit: stations to equations and networks")
        model = fit(FitInputs(root=root, stations=_stations(place), reflectance="mosaic"))
        announce("map: all oxides, Mg#, maturity, novelty, quality")
        run = map_oxides(MapInputs(root=root, model=model.model), shared)
        announce("gravity: Bouguer anomaly and gradients")
        bands = {"degrees": _DEGREES, "gradient_degrees": _DEGREES}
        bouguer = gravity(GravityInputs(root=root, ppd=inputs.ppd, **bands), shared)
        findings = tuple(_findings(root, run.run, shared, announce))
    maps_url = find_run(folder(root), run.run).place.url
    return DemoResult(
        root=folder(root).url,
        tiles=len(tiles),
        mosaic_url=mosaic.url,
        model=model.url,
        maps_url=run.url,
        gravity_url=bouguer.url,
        findings=findings,
        means=tuple(_means(findings, inputs.ppd)),
        figures=(
            f"{maps_url}/figures",
            f"{model.url}/figures",
            bouguer.figures,
            *(found.url for found in findings),
        ),
    )


@contextmanager
def _shared(cluster: Cluster) -> Iterator[Cluster]:
    """One cluster for all jobs, instead of one for each."""
    with connect(cluster) as client:
        yield Cluster(scheduler=str(client.scheduler_info(n_workers=0)["address"]))


def _stations(place: Path) -> str:
    path = place / "stations.csv"
    synthetic.station_table().to_csv(path, index=False)
    return str(path)


def _findings(root: str, run: str, cluster: Cluster, announce: Announce) -> Iterator[Finding]:
    announce("reduce: equal-area statistics")
    yield reduce_run(ReduceInputs(root=root, run=run), cluster)
    announce("compare: networks against equations")
    yield compare_runs(CompareInputs(root=root, run=run), cluster)
    announce("compare: maps against Lunar Prospector's real Moon")
    yield compare_prospector(ProspectorInputs(root=root, run=run), cluster)
    announce("polar: mare basalt around the south pole")
    yield find_polar(PolarInputs(root=root, run=run), cluster)
    announce("provenance: where sample 60639 could come from")
    # The synthetic spectra know FeO, TiO2 and maturity; the patch's MgO departs from their trend unseen.
    ranges = {name: bounds for name, bounds in synthetic.SAMPLE_60639.items() if name != "mgo"}
    yield find_provenance(ProvenanceInputs(root=root, run=run, ranges=ranges, sample="60639"), cluster)


def _means(findings: tuple[Finding, ...], ppd: int) -> Iterator[MeanRow]:
    by_kind = {finding.kind: finding for finding in findings}
    truth, measured = _true_means(ppd), _measured_means()
    compared = {row["map"]: row for row in _rows(by_kind["prospector"], "comparison")}
    for row in _rows(by_kind["statistics"], "statistics"):
        if row["unit"] == "global":
            name = row["map"]
            yield MeanRow(
                map=name,
                units=row["units"],
                mean=math.nan if row["mean"] is None else row["mean"],
                truth=truth.get(name.partition("_")[0]),
                prospector=measured.get(name),
                correlation=compared.get(name, {}).get("correlation"),
            )


def _rows(finding: Finding, name: str) -> list[dict[str, Any]]:
    table = finding.tables[name]
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def _measured_means() -> dict[str, float]:
    """By map, the area-weighted mean of its counterpart in the table that the demo compares with."""
    measured = read_prospector(ProspectorInputs.model_fields["lpgrs"].default)
    return {
        name: float(np.average(measured.abundance[constituent], weights=measured.area_km2))
        for name, constituent in COUNTERPART.items()
    }


def _true_means(ppd: int) -> dict[str, float]:
    """Area-weighted means of the synthetic Moon's truth over the whole Moon."""
    grid = moon.grid(ppd)
    true = synthetic.truth(lat=grid.lat()[:, None], lon=grid.lon()[None, :])
    areas = grid.pixel_area_m2()
    return {name: float(values.mean(axis=1) @ areas / areas.sum()) for name, values in true._asdict().items()}
