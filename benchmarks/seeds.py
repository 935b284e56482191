"""Two models of the same stations with other base seeds: how far apart their maps are, beside chance.

    python -m benchmarks.seeds [--root ROOT]

The shipped stations are fitted twice, with networks of seeds 0 to 19 and of 100 to 119, and both models are
mapped on the mosaic of a root (of a demonstration made for it, if none is given). Then ``compare`` says how
far their means over the Moon and their pixels are apart, beside what it says that chance explains.
"""

import argparse
import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._results import Row, report
from lunarcloud.engine import Cluster
from lunarcloud.quantities import QUANTITIES
from lunarcloud.statistics import BY_CHANCE, is_trained
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
    compared = table["comparison"]
    rows: list[dict[str, Any]] = [dict(zip(compared.columns, row, strict=True)) for row in compared.rows]
    known = [row for row in rows if row["unit"] == "global" and row["rms_chance"] is not None]
    apart = [
        row["mean_difference"] / row["mean_difference_chance"] for row in known if is_trained(row["pair"])
    ]
    rms = math.sqrt(np.mean(np.square(apart)))
    note = (
        f"{len(models[0].record.card.used)} stations, 20 networks an oxide. Means over the Moon, wt% (Mg#: a "
        f"ratio). The oxides' means are {rms:.2f} times as far apart as chance explains (root mean square). "
        f"{BY_CHANCE:.1%} of pixels are beyond twice what it explains of them, on average over many seeds."
    )
    report("two base seeds", list(map(_row, known)), of=__file__, packages=("jax", "optax"), note=note)


def _row(row: dict[str, Any]) -> Row:
    digits = 4 if QUANTITIES[row["pair"]].units == "1" else 3
    apart, chance = row["mean_difference"], row["mean_difference_chance"]
    return {
        "map": row["pair"],
        **{
            f"seeds {first} on": f"{row[which]:.{digits}f}"
            for first, which in zip(_FIRST_SEEDS, ("mean_first", "mean_second"), strict=True)
        },
        "apart": f"{apart:+.{digits}f}",
        "chance explains": f"{chance:.{digits}f}",
        "means apart, in what chance explains": f"{apart / chance:+.2f}",
        "pixels apart, rms": f"{row['rmse']:.{digits}f}",
        "chance explains of pixels, rms": f"{row['rms_chance']:.{digits}f}",
        "beyond twice that, %": f"{row['beyond_chance_per_cent']:.1f}",
    }


if __name__ == "__main__":
    main()
