"""The registry: every process and action by name, loaded when first used. One line adds one.

A line's module holds ``PROCESS`` or ``ACTION`` (see `process` and `action`).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from lunarcloud.errors import NotFoundError

if TYPE_CHECKING:  # names and summaries alone load nothing
    from lunarcloud.processes.action import Action
    from lunarcloud.processes.process import Process


class Line(NamedTuple):
    """Where a process or action is, and what it does in one sentence, with units."""

    module: str
    summary: str


#: What makes records, in the order in which they depend on each other.
PROCESSES: dict[str, Line] = {
    "ingest": Line(
        "lunarcloud.processes.ingest",
        "Make the reflectance mosaic of archive tiles: nearest neighbour, the archive's own numbers kept.",
    ),
    "stations": Line(
        "lunarcloud.processes.stations", "Publish a table of ground truth: sites with oxides in wt%."
    ),
    "fit": Line(
        "lunarcloud.processes.fit",
        "Fit equations and train networks on ground truth (wt%), with honest accuracy.",
    ),
    "map": Line(
        "lunarcloud.processes.map",
        "Compute the oxide maps (wt%), maturity and Mg# of a mosaic by a model.",
    ),
    "reduce": Line(
        "lunarcloud.processes.reduce",
        "Equal-area statistics of every map (wt%) by unit: means, deviations, quantiles, histograms, modes.",
    ),
    "compare": Line(
        "lunarcloud.processes.compare",
        "Compare run with run (first minus second), equations with networks, or a map with anybody's (wt%).",
    ),
    "prospector": Line(
        "lunarcloud.processes.prospector", "Compare a run with Lunar Prospector's abundances (wt%)."
    ),
    "polar": Line(
        "lunarcloud.processes.polar",
        "Find potential mare basalt around a pole by FeO (wt%) and Mg#, ranked by area, with polar maps.",
    ),
    "provenance": Line(
        "lunarcloud.processes.provenance",
        "Where on the maps a sample of a given composition (wt%) could come from, best regions first.",
    ),
    "gravity": Line(
        "lunarcloud.processes.gravity",
        "Bouguer anomaly (mGal) and its horizontal gradients (Eotvos) from gravity model and topography.",
    ),
}

#: What is done with records.
ACTIONS: dict[str, Line] = {
    "verify": Line(
        "lunarcloud.processes.verify", "Read every object of a record again and compare it with its digest."
    ),
    "repair": Line("lunarcloud.processes.repair", "Make again exactly what `verify` names."),
    "export": Line(
        "lunarcloud.processes.export",
        "Write maps (wt%) as cloud-optimised GeoTIFF, netCDF or PDS4, and tables as CSV and GeoJSON.",
    ),
    "reprocess": Line(
        "lunarcloud.reprocessing.action",
        "After a new sample or mosaic: all that was made of older ones, made again, explained and told.",
    ),
    "status": Line(
        "lunarcloud.reprocessing.status",
        "What latest means, how stale it is (seconds), what is due, what runs, where the last report is.",
    ),
    "sample": Line(
        "lunarcloud.processes.sample",
        "Values of every map of a run (wt%) at points: CSV of degrees in, CSV with units and flags out.",
    ),
    "doctor": Line(
        "lunarcloud.processes.doctor",
        "Try everything that work under a root needs: permissions, conditional writes, workers, clock.",
    ),
    "paper": Line(
        "lunarcloud.publication.action",
        "Every figure and table of the paper, each beside its numbers (wt%), as a page with PDF figures.",
    ),
    "demo": Line(
        "lunarcloud.processes.demo",
        "All of it on a synthetic Moon whose truth is known, written as the archive's 996 tiles.",
    ),
}


def process(name: str) -> Process[Any, Any, Any]:
    """A process by its name.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    return _loaded(PROCESSES, name).PROCESS  # type: ignore[no-any-return]


def action(name: str) -> Action[Any, Any]:
    """An action by its name.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    return _loaded(ACTIONS, name).ACTION  # type: ignore[no-any-return]


def _loaded(lines: dict[str, Line], name: str) -> Any:
    if name not in lines:
        raise NotFoundError(f"there is no process {name!r}: there are {', '.join((*PROCESSES, *ACTIONS))}")
    return import_module(lines[name].module)
