"""What a report says of a change beside chance."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lunarcloud.lineage import Ref, Root
from lunarcloud.moon import grid
from lunarcloud.processes import FindingCard
from lunarcloud.processes.findings import table_of
from lunarcloud.reprocessing.change import Change, Moved
from lunarcloud.reprocessing.report import Told, told_of
from lunarcloud.statistics import (
    CHANCE_OF_MEAN_DIFFERENCE,
    compare_maps,
    comparison_table,
    same_maps,
    source_of,
    whole_moon,
)
from lunarcloud.storage import folder, write_dataset
from lunarcloud.testing.runs import MakeRun
from lunarcloud.testing.small_root import publish

pytestmark = pytest.mark.usefixtures("coarse_cells")

Tell = Callable[..., Told]
CHANCE, NOW = 0.05, datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def tell(make_run: MakeRun, tmp_path: Path) -> Tell:
    """What is told of two runs of networks whose FeO is so much apart, and of which this is known."""

    def told(apart: float, **chance: float) -> Told:
        after, before = (
            source_of(make_run(grid(1), {"feo_equation": 9.0, "feo_cnn": 9.0 + more, **chance}))
            for more in (apart, 0.0)
        )
        found = compare_maps(after, before, same_maps(after, before), [whole_moon()])
        if chance:
            found[CHANCE_OF_MEAN_DIFFERENCE] = ("pair", "unit"), [[float("nan")], [CHANCE]]
        root, ref = folder(tmp_path / str(apart)), Ref(kind="comparisons", id="moved")
        write_dataset(root / ref.path / "statistics.zarr", found)
        tables = {"comparison": table_of(comparison_table(found))}
        card = FindingCard(facts={}, tables=tables, datasets=("statistics.zarr",), figures=())
        publish(root, ref, "compare", card, content="moved")
        runs = {"runs": Moved(before="runs/old", after="runs/new")}
        change = Change(id="1", at=NOW, moved=runs, heads={}, steps=(), comparison=str(ref))
        return told_of(Root(root), change)

    return told


@pytest.mark.parametrize(("apart", "beyond", "share"), [(0.2, "yes", 100.0), (0.02, "no", 0.0)])
def test_a_change_stands_beside_what_chance_explains_of_it(
    tell: Tell, apart: float, beyond: str, share: float
) -> None:
    told = tell(apart, feo_cnn_chance=0.05)
    table = told.tables["larger than chance? the whole Moon, wt%"]
    (row,) = (dict(zip(table.columns, each, strict=True)) for each in table.rows)
    assert row["map"] == "feo_cnn"
    assert row["mean moved"] == pytest.approx(apart)
    assert row["times"] == pytest.approx(apart / CHANCE)
    assert (row["beyond chance"], row["% of pixels beyond chance"]) == (beyond, share)
    # Both single networks, of a chance of 0.05 each.
    assert row["chance explains, RMS"] == pytest.approx(0.05 * 2**0.5, abs=1e-3)
    assert "chance explains" in told.tables["means by unit, wt%"].columns
    assert any("of both models" in remark for remark in told.remarks)


def test_of_a_single_seed_it_is_said_that_nobody_knows(tell: Tell) -> None:
    told = tell(0.2)
    assert not [name for name in told.tables if "larger than chance" in name]
    of_one, of_same = "Of networks of a single seed nobody knows", "nor where the same ones made both maps"
    said = f"{of_one}; {of_same}, off alike in each."
    assert said in told.remarks
