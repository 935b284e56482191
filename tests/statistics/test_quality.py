"""Flags of pixels in findings: what is left out, and what is said of the rest."""

from dataclasses import replace

import numpy as np
import pytest

from lunarcloud.maps import Run
from lunarcloud.moon import grid
from lunarcloud.statistics import cells, provenance
from lunarcloud.statistics.comparison import DifferenceShard, Pair, compare
from lunarcloud.statistics.polar import HIGH_FEO, Rule, find_candidates, ranked, to_dataset, totals
from lunarcloud.statistics.quality import REASONS, Reason
from lunarcloud.statistics.source import source_of
from lunarcloud.statistics.summary import Sampling, means, summarise, table
from lunarcloud.statistics.units import maria, whole_moon
from lunarcloud.testing.runs import MakeRun, truth_maps

pytestmark = pytest.mark.usefixtures("coarse_cells")

ON = grid(1, 360)
# The northern half of this Moon is at 0 because it was clipped, the eastern half is extrapolated.
NORTH, EAST = (ON.lat() > 0)[:, None], (ON.lon() > 0)[None, :]


@pytest.fixture(scope="module")
def run(make_run: MakeRun) -> Run:
    feo = np.where(NORTH, 0.0, 10.0)
    return make_run(
        ON,
        {"feo_cnn": feo, "tio2_cnn": 2.0, "feo_equation": 9.0},
        flagged={"feo_cnn_clipped": NORTH, "extrapolated_beyond_stations": EAST},
    )


@pytest.mark.parametrize("sampling", ["cells", "pixels"])
@pytest.mark.parametrize(
    ("exclude", "mean"), [((), 5.0), (("clipped",), 10.0), (("clipped", "extrapolated"), 10.0)]
)
def test_what_is_left_out_is_in_no_mean_and_its_share_is_said(
    run: Run, sampling: Sampling, exclude: tuple[Reason, ...], mean: float
) -> None:
    found = summarise(source_of(run, exclude), [whole_moon()], sampling=sampling)
    one = found.sel(map="feo_cnn", unit="global")
    assert float(one["mean"]) == pytest.approx(mean, rel=1e-3)
    shares = dict(zip(REASONS, one["flagged_share"].values, strict=True))
    assert (shares["clipped"], shares["extrapolated"]) == pytest.approx((0.5, 0.5), abs=1e-3)
    # A bit a map: TiO2 was not clipped where FeO was.
    assert float(found["flagged_share"].sel(map="tio2_cnn", unit="global", reason="clipped")) == 0.0
    whole = float(found["area"].sel(map="tio2_cnn", unit="global"))
    left = 0.25 if len(exclude) == 2 else 0.5 if exclude else 1.0
    assert float(one["area"]) == pytest.approx(left * 37_932_328, rel=2e-3)
    assert whole == pytest.approx(37_932_328 * (0.5 if "extrapolated" in exclude else 1.0), rel=2e-3)


def test_shares_stand_beside_means_and_modes(run: Run) -> None:
    found = summarise(source_of(run, ("clipped",)), [whole_moon()])
    rows = means(found).set_index(["map", "what"])["global"]
    assert rows["feo_cnn", "mean"] == pytest.approx(10.0)
    assert rows["feo_cnn", "clipped %"] == pytest.approx(50.0, abs=0.1)
    assert rows["feo_cnn", "extrapolated %"] == pytest.approx(50.0, abs=0.1)
    (row,) = table(found).query("map == 'feo_cnn'").to_dict("records")
    assert row["mode_1"] == pytest.approx(10.0)
    assert row["clipped_per_cent"] == pytest.approx(50.0, abs=0.1)


def test_a_pair_leaves_out_what_either_map_does(run: Run) -> None:
    source, pairs = source_of(run, ("clipped",)), [Pair("feo", "feo_cnn", "feo_equation")]
    found = compare(source, source, pairs, [whole_moon()]).sel(pair="feo", unit="global")
    assert float(found["mean_difference"]) == pytest.approx(1.0)
    assert float(found["flagged_share"].sel(reason="clipped")) == pytest.approx(0.5, abs=1e-3)
    (shard,) = ON.shards()
    codes = DifferenceShard(source, source, tuple(pairs))(shard).arrays["feo"]
    assert (codes < -1_000_000).mean() == 0.5
    everything = replace(source, exclude=())
    both = compare(everything, everything, pairs, [whole_moon()])
    assert float(both["mean_difference"].squeeze()) == pytest.approx(-4.0, abs=0.02)


def test_candidates_say_how_many_of_them_are_extrapolated(make_run: MakeRun) -> None:
    on = grid(2)
    east, south = (on.lon() > 0)[None, :], (on.lat() < -65)[:, None]
    flags = {"extrapolated_beyond_stations": south, "mgo_cnn_clipped": south & east}
    run = make_run(on, truth_maps(on), flagged=flags)
    mare = maria()[0]
    every = find_candidates(source_of(run), mare, Rule())
    kept = find_candidates(source_of(run, ("clipped",)), mare, Rule())
    (patch,) = ranked(every).to_dict("records")
    assert patch["extrapolated_per_cent"] == 100.0
    assert patch["clipped_per_cent"] == 0.0
    rows = totals(kept).set_index("cells are")
    assert rows["extrapolated_per_cent"]["high FeO"] == pytest.approx(100.0)
    # Mg# is of MgO, so it is clipped where that is: half of the region.
    assert rows["per_cent"]["left out"] == pytest.approx(50.0, abs=0.1)
    assert rows["cells"]["mapped"] == cells.band_counts()[cells.band_lat() < -65].sum()
    stored = to_dataset(kept)
    assert stored["flagged"].attrs["flag_meanings"].split() == list(REASONS)
    assert (stored["flagged"].values == 2).all()
    assert stored.attrs["high_feo_extrapolated_per_cent"] == pytest.approx(100.0)
    assert (kept.classes == HIGH_FEO).sum() == (every.classes == HIGH_FEO).sum()


def test_a_search_matches_nothing_that_is_left_out(run: Run) -> None:
    ranges = {"feo_cnn": (0.0, 11.0), "tio2_cnn": (1.0, 3.0)}
    every = provenance.search(source_of(run), ranges)
    kept = provenance.search(source_of(run, ("clipped",)), ranges)
    assert kept.matching_km2 == pytest.approx(every.matching_km2 / 2, rel=1e-3)
    assert kept.left_out_km2 == pytest.approx(every.mapped_km2 / 2, rel=1e-3)
    rows = provenance.constraints(kept).set_index("map")
    assert rows["clipped_per_cent"].to_dict() == pytest.approx({"feo_cnn": 50.0, "tio2_cnn": 0.0}, abs=0.1)
    (group,) = provenance.ranked(kept).to_dict("records")
    assert group["extrapolated_per_cent"] == pytest.approx(50.0, abs=0.1)
