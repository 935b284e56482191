"""Difference maps averaged for pictures: the same pixels as in the numbers, whatever the shards."""

import numpy as np
import pytest

from lunarcloud.moon import grid
from lunarcloud.statistics.comparison import DifferenceShard, Pair, difference_layout
from lunarcloud.statistics.shrinking import shrunk
from lunarcloud.statistics.source import source_of
from lunarcloud.storage import Folder, Group, Ledger, folder
from lunarcloud.testing.runs import MakeRun
from lunarcloud.testing.small_root import write_shard

PAIR = Pair("feo", "feo_equation", "feo_cnn")


def _differences(make_run: MakeRun, place: Folder, edge: int) -> Group:
    """Equation minus CNN: 2 wt%, but 20 where it is clipped and left out; the south is not mapped."""
    on = grid(4, edge)
    clipped = np.zeros(on.shape, dtype=bool)
    clipped[:, ::2] = True
    equation = np.where(clipped, 28.0, 10.0)
    equation[360:] = np.nan
    maps = {"feo_equation": equation, "feo_cnn": 8.0}
    source = source_of(make_run(on, maps, flagged={"feo_equation_clipped": clipped}), ("clipped",))
    group = Group(place / f"{edge}", difference_layout(source, (PAIR,)), Ledger(place / f"ledger{edge}"))
    for shard in group.missing():
        write_shard(group, shard, DifferenceShard(source, source, (PAIR,))(shard).arrays)
    return group


@pytest.mark.parametrize("edge", [720, 270])
def test_what_is_left_out_is_in_no_mean(make_run: MakeRun, edge: int) -> None:
    found = shrunk(_differences(make_run, folder("memory://shrunk"), edge), ["feo"], grid(1))["feo"]
    assert found.shape == (180, 360)
    np.testing.assert_allclose(found.values[:90], 2.0, atol=1e-9)
    assert np.isnan(found.values[90:]).all()
    assert float(found["lat"][0]) == 89.5
    assert found.attrs["units"] == "percent"
