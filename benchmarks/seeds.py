"""Two models of the same stations with other base seeds: how far apart their maps are, beside chance.

    python -m benchmarks.seeds [--root ROOT]

The shipped stations are fitted twice, with networks of seeds 0 to 19 and of 100 to 119, and both models are
mapped on the mosaic of a root (of a demonstration made for it, if none is given). Then ``compare`` says how
far their means by unit and their pixels are apart, beside what it says that chance explains, and ``reduce``
how much chance there is in a mean of one network.
"""

import argparse
import math
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._results import Row, report
from lunarcloud.engine import Cluster
from lunarcloud.processes import Table
from lunarcloud.quantities import QUANTITIES
from lunarcloud.statistics import BY_CHANCE, CHANCE_OF_MEAN, is_trained
from lunarcloud.testing.make import act, make

#: The first seed of each model; neither has a seed of the other's.
_FIRST_SEEDS = (0, 100)
_CLUSTER = Cluster(workers=2)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--root", help="a local root with a mosaic; records are added to it")
    with tempfile.TemporaryDirectory() as name:
        _measure(arguments.parse_args().root or _demonstration(Path(name) / "demo"))


def _demonstration(place: Path) -> str:
    root = str(place / "root")
    act("demo", root, _CLUSTER, place=str(place), seeds=1)
    return root


def _measure(root: str) -> None:
    models = [make("fit", root, _CLUSTER, stations="main", first_seed=first) for first in _FIRST_SEEDS]
    runs = [make("map", root, _CLUSTER, model=model.record.ref.id) for model in models]
    first, second = (run.record.ref.id for run in runs)
    table = make("compare", root, _CLUSTER, run=first, other=second, exclude="nothing").record.card.tables
    known = [row for row in _told(table["comparison"]) if row["rms_chance"] is not None]
    chances = [_chances(root, run) for run in (first, second)]
    apart = [
        row["mean_difference"] / row["mean_difference_chance"]
        for row in known
        if row["unit"] == "global" and is_trained(row["pair"])
    ]
    rms = math.sqrt(np.mean(np.square(apart)))
    note = (
        f"{len(models[0].record.card.used)} stations, 20 networks an oxide. Means in wt% (Mg#: a ratio) ± "
        "the chance of a mean of one network; of 20 it is less by the root of 20. The oxides' means over the "
        f"Moon are {rms:.2f} times as far apart as chance explains (root mean square). "
        f"{BY_CHANCE:.1%} of pixels are beyond twice what it explains of them, on average over many seeds."
    )
    rows = [_row(row, chances) for row in known]
    report("two base seeds", rows, of=__file__, packages=("jax", "optax"), note=note)


def _told(table: Table) -> list[dict[str, Any]]:
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def _chances(root: str, run: str) -> dict[tuple[str, str], float | None]:
    """The chance of a mean by map and unit; None of units too small to tell."""
    tables = make("reduce", root, _CLUSTER, run=run, exclude="nothing").record.card.tables
    return {(row["map"], row["unit"]): row[CHANCE_OF_MEAN] for row in _told(tables["statistics"])}


def _row(row: dict[str, Any], chances: Sequence[Mapping[tuple[str, str], float | None]]) -> Row:
    digits = 4 if QUANTITIES[row["pair"]].units == "1" else 3
    apart, chance = row["mean_difference"], row["mean_difference_chance"]
    means = zip(_FIRST_SEEDS, (row["mean_first"], row["mean_second"]), chances, strict=True)
    return {
        "map": row["pair"],
        "unit": row["unit"],
        **{
            f"seeds {first} on": f"{mean:.{digits}f}" + _behind(known[row["pair"], row["unit"]], digits)
            for first, mean, known in means
        },
        "mean difference": f"{apart:+.{digits}f}",
        "chance explains": "" if chance is None else f"{chance:.{digits}f}",
        "means apart, in what chance explains": "" if chance is None else f"{apart / chance:+.2f}",
        "pixels apart, rms": f"{row['rmse']:.{digits}f}",
        "chance explains of pixels, rms": f"{row['rms_chance']:.{digits}f}",
        "beyond twice that, %": f"{row['beyond_chance_per_cent']:.1f}",
    }


def _behind(chance: float | None, digits: int) -> str:
    return "" if chance is None else f" ± {chance:.{digits}f}"


if __name__ == "__main__":
    main()
