"""Pictures of comparisons: what is along which axis."""

import numpy as np

from lunarcloud.archive.lpgrs import read_prospector
from lunarcloud.figures.comparison import draw_prospector
from lunarcloud.moon import grid
from lunarcloud.statistics.prospector import compare_with_prospector
from lunarcloud.statistics.source import source_of
from lunarcloud.testing.runs import MakeRun


def test_the_map_is_along_x_and_lunar_prospector_along_y(make_run: MakeRun) -> None:
    values = np.random.default_rng(1).uniform(30.0, 40.0, grid(1).shape)
    run = make_run(grid(1), {"feo_equation": values})
    figure = draw_prospector(compare_with_prospector(source_of(run), read_prospector("5deg")))
    scatter = figure.axes[0]
    assert scatter.get_xlabel().startswith("feo_equation")
    assert scatter.get_ylabel() == "Lunar Prospector"
    (cells,) = scatter.collections
    counts = cells.get_array()
    assert counts is not None
    points = np.asarray(cells.get_offsets())[np.asarray(counts > 0)]
    # The map was made to have no FeO below 30 wt%, Lunar Prospector has none above 26.
    assert points[:, 0].min() > 30.0
    assert points[:, 1].max() < 26.0
