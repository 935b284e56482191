"""Process reduce: what it leaves in the root, once; what it says of a synthetic Moon is its truth."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from lunarcloud import moon, synthetic
from lunarcloud.engine import Cluster
from lunarcloud.errors import InputError, NotFoundError
from lunarcloud.processes import Outcome
from lunarcloud.statistics.units import inside, maria, named_region, whole_moon
from lunarcloud.synthetic import write_tiles
from lunarcloud.testing.fixtures import Command
from lunarcloud.testing.make import NOWHERE, dry_run, make

PPD = 2
# Three stored bands of 1.35e-4 steps without noise, and stored maps: far below 0.1 wt% in a mean of many
# pixels; nearest neighbour takes a spectrum up to a pixel away, which cancels but at shores.
TOLERANCE_WT = 0.15

BOX = [[[10.0, 0.0], [40.0, 0.0], [40.0, 20.0], [10.0, 20.0], [10.0, 0.0]]]
BOW_TIE = [[[0.0, 0.0], [10.0, 10.0], [10.0, 0.0], [0.0, 10.0], [0.0, 0.0]]]

PolygonFile = Callable[[list[list[list[float]]]], str]


@pytest.fixture(scope="module")
def truth() -> dict[str, dict[str, float]]:
    """Area-weighted means of FeO and TiO2 over units, from the truth itself at the pixel centres.

    ``planted`` is what is more mare than highland, wherever outlines are.
    """
    g = moon.grid(PPD)
    true = synthetic.truth(lat=g.lat()[:, None], lon=g.lon()[None, :])
    areas = np.broadcast_to(g.pixel_area_m2()[:, None], g.shape)
    chosen = (whole_moon(), *maria(), named_region("Mare Tranquillitatis"))
    units = {unit.name: inside(unit, g, g.whole) for unit in chosen}
    units["planted"] = synthetic.mare_fraction(lat=g.lat()[:, None], lon=g.lon()[None, :]) > 0.5
    maps = {"feo_equation": true.feo, "tio2_equation": true.tio2}
    return {
        name: {unit: float(np.average(values[mask], weights=areas[mask])) for unit, mask in units.items()}
        for name, values in maps.items()
    }


def test_means_of_maria_and_highlands_are_the_planted_ones(
    lunarcloud: Command, tmp_path: Path, scheduler: str, truth: dict[str, dict[str, float]]
) -> None:
    write_tiles(tmp_path / "tiles", ppd=4, noise=0)
    to = ("--root", tmp_path / "root", "--scheduler", scheduler)
    assert lunarcloud("ingest", tmp_path / "tiles", "--ppd", PPD, *to)[0] == 0
    assert lunarcloud("map", "--model", "qiu2025", *to)[0] == 0
    code, out, err = lunarcloud("reduce", "--sampling", "pixels", "--json", *to)
    assert code == 0, err
    table = json.loads(out)["record"]["card"]["tables"]["statistics"]
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
    found = {(row["map"], row["unit"]): row["mean"] for row in rows}
    for name, units in truth.items():
        planted = units.pop("planted")
        assert found[name, "maria"] == pytest.approx(planted, abs=0.5)
        for unit, mean in units.items():
            assert found[name, unit] == pytest.approx(mean, abs=TOLERANCE_WT), (name, unit)
    shares = json.loads(out)["record"]["card"]["tables"]["means"]["rows"][1]
    assert shares[:3] == ["the Moon", "share, %", 100.0]
    assert 16.0 < shares[3] < 17.0


def test_statistics_tables_and_figures_are_left_once(
    truth_root: str,
    cluster: Cluster,
    polygon_file: PolygonFile,
    require_pictures: Callable[[Outcome], None],
) -> None:
    box = polygon_file(BOX)
    found = make("reduce", truth_root, cluster, run="other", units=box, sampling="pixels")
    table = pd.read_csv(f"{found.place.url}/statistics.csv")
    assert set(table["unit"]) == {"global", "maria", "non-maria", "Mare Tranquillitatis", "box"}
    stored = xr.open_zarr(f"{found.place.url}/statistics.zarr")
    assert stored.attrs["run"] == "other"
    (mean,) = table[(table["map"] == "feo_cnn") & (table["unit"] == "global")]["mean"]
    assert mean == pytest.approx(float(stored["mean"].sel(map="feo_cnn", unit="global")))
    assert "| feo_cnn |" in found.place.read("means.md").decode()
    assert "shipped outlines" in found.record.card.facts["maria"]
    require_pictures(found)
    again = make("reduce", truth_root, NOWHERE, run="other", units=box, sampling="pixels")
    assert (again.record, again.shards_computed) == (found.record, None)
    without = make("reduce", truth_root, cluster, run="other", sampling="pixels")
    assert without.record.ref != found.record.ref


def test_area_above_a_limit_stands_in_a_table(truth_root: str, cluster: Cluster) -> None:
    found = make("reduce", truth_root, cluster, run="true", sampling="pixels", above=("feo_cnn=15",))
    rows = pd.read_csv(f"{found.place.url}/above.csv").set_index("unit")
    assert list(rows["above"].unique()) == [15.0]
    share = rows["per_cent"].to_dict()
    assert share["maria"] > share["global"] > share["non-maria"]
    assert "above" in found.record.card.tables
    with pytest.raises(InputError, match="feo_iron"):
        make("reduce", truth_root, run="true", above=("feo_iron=15",))


def test_polygons_count_not_where_their_file_lies(
    truth_root: str, polygon_file: PolygonFile, tmp_path: Path
) -> None:
    values = {"run": "other", "sampling": "pixels"}
    moved = tmp_path / "moved" / "units.geojson"
    moved.parent.mkdir()
    moved.write_text(Path(polygon_file(BOX)).read_text())
    assert [step.tasks for step in dry_run("reduce", truth_root, **values, units=str(moved))] == [0]
    moved.write_text(moved.read_text().replace("40.0", "41.0"))
    assert [step.tasks for step in dry_run("reduce", truth_root, **values, units=str(moved))] != [0]


def test_a_dry_run_says_what_it_would_take(truth_root: str) -> None:
    (estimate,) = dry_run("reduce", truth_root, run="true", regions=("Mare Imbrium",))
    assert estimate.pixels == 720 * 1440
    assert estimate.tasks == 18
    assert 0 < estimate.seconds < 60


def test_impossible_requests_are_refused_before_anything_runs(
    truth_root: str, polygon_file: PolygonFile
) -> None:
    with pytest.raises(NotFoundError, match="runs 'nine'"):
        make("reduce", truth_root, run="nine")
    with pytest.raises(NotFoundError, match="Mare Nirvana"):
        make("reduce", truth_root, regions=("Mare Nirvana",))
    with pytest.raises(InputError, match="Self-intersection"):
        make("reduce", truth_root, units=polygon_file(BOW_TIE))
