"""Process compare: exact differences of two runs, networks against equations of one."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from lunarcloud import api
from lunarcloud.engine import Cluster
from lunarcloud.errors import InputError, NotFoundError
from lunarcloud.moon import grid
from lunarcloud.processes import Outcome
from lunarcloud.storage import folder
from lunarcloud.testing.make import dry_run, make
from lunarcloud.testing.runs import MakeRun


def test_exact_difference_maps_are_left(
    truth_root: str, cluster: Cluster, require_pictures: Callable[[Outcome], None]
) -> None:
    assert dry_run("compare", truth_root, run="other", other="true")[0].tasks == 18
    found = make("compare", truth_root, cluster, run="other", other="true")
    differences = xr.open_zarr(f"{found.place.url}/differences.zarr")
    np.testing.assert_allclose(differences["feo_cnn"], 0.5, atol=1e-9)
    assert not differences["tio2_cnn"].values.any()
    assert differences["feo_cnn"].attrs["units"] == "percent"
    assert "crs" in differences.coords
    # One difference map for the map that changed, none for those that did not.
    assert found.record.card.figures == ("comparison.png", "density.png", "difference_feo_cnn.png")
    moved, same = (found.record.card.ranges[name] for name in ("feo_cnn", "tio2_cnn"))
    assert (moved.least, moved.low, moved.high, moved.most) == pytest.approx((0.5, -0.5, 0.5, 0.5))
    assert (same.low, same.high) == (0.0, 0.0)
    require_pictures(found)
    assert len(found.record.card.tables["comparison"].rows) == 4 * 4
    assert {step.tasks for step in dry_run("compare", truth_root, run="other", other="true")} == {0}


def test_networks_are_compared_with_equations_of_one_run(truth_root: str, cluster: Cluster) -> None:
    found = make("compare", truth_root, cluster, run="other")
    assert set(found.record.given.parents) == {"run"}
    statistics = xr.open_zarr(f"{found.place.url}/statistics.zarr").sel(unit="global")
    # As in the paper's Fig. 4, equation minus CNN; the run's CNN FeO is 0.5 wt% higher.
    assert float(statistics["mean_difference"].sel(pair="feo")) == pytest.approx(-0.5)
    assert float(statistics["rmse"].sel(pair="tio2")) == 0.0
    assert "equation minus CNN" in statistics.attrs["title"]
    assert found.record.card.facts["difference"] == "equation minus CNN"
    other = make("compare", truth_root, cluster, run="other", reverse=True)
    turned = xr.open_zarr(f"{other.place.url}/statistics.zarr").sel(unit="global")
    assert float(turned["mean_difference"].sel(pair="feo")) == pytest.approx(0.5)
    assert "CNN minus equation" in turned.attrs["title"]


def test_networks_are_compared_beside_what_chance_explains(
    of_synthetic_tiles: dict[str, Outcome], require_pictures: Callable[[Outcome], None]
) -> None:
    """Of an ensemble of two: the mean of both is surer than one by the root of two."""
    found = of_synthetic_tiles["compare"]
    table = found.record.card.tables["comparison"]
    row = dict(zip(table.columns, table.rows[0], strict=True))
    means = of_synthetic_tiles["reduce"].record.card.tables["statistics"]
    rows = [dict(zip(means.columns, each, strict=True)) for each in means.rows]
    (chance,) = (each["mean_chance"] for each in rows if (each["map"], each["unit"]) == ("feo_cnn", "global"))
    assert (row["pair"], row["unit"]) == ("feo", "global")
    assert row["mean_difference_chance"] == pytest.approx(chance / np.sqrt(2))
    assert row["rms_chance"] > 0
    assert 0 <= row["beyond_chance_per_cent"] <= 100
    facts = found.record.card.facts
    assert facts["beyond_chance_in_any_map_per_cent"] >= row["beyond_chance_per_cent"] - 1e-9
    # Of two maps.
    assert facts["by_chance_alone_per_cent"] == pytest.approx(8.9, abs=0.05)
    require_pictures(found)


@pytest.mark.usefixtures("sketch")
def test_of_the_same_networks_on_both_sides_chance_explains_nothing_that_is_known(
    of_synthetic_tiles: dict[str, Outcome], cluster: Cluster, tmp_path: Path
) -> None:
    """Of another mosaic each is off alike, which goes from the difference."""
    root = tmp_path / "root"
    place = Path(of_synthetic_tiles["map"].place.url.rpartition("/runs/")[0])
    shutil.copytree(place, root)
    model, first = (of_synthetic_tiles[name].record.ref.id for name in ("fit", "map"))
    mosaic = make("ingest", root, cluster, tiles=(str(place.parent / "tiles"),), ppd=2).record.ref.id
    second = make("map", root, cluster, mosaic=mosaic, model=model).record.ref.id
    found = make("compare", root, cluster, run=first, other=second).record.card
    assert "mean_difference_chance" not in found.tables["comparison"].columns
    assert "beyond_chance_in_any_map_per_cent" not in found.facts


def test_pictures_show_the_pixels_of_the_numbers(
    make_run: MakeRun, tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is clipped, and left out of the numbers, is blank in the picture."""
    clipped = np.zeros(grid(2).shape, dtype=bool)
    clipped[:, :360] = True
    maps = {"feo_equation": np.where(clipped, 30.0, 9.0), "feo_cnn": 8.0}
    maps |= {"tio2_equation": 2.0, "tio2_cnn": 2.0}
    make_run(grid(2), maps, folder(tmp_path), flagged={"feo_equation_clipped": clipped})
    drawn = {}

    def drawing(difference: xr.DataArray, label: str, title: str, explained: None) -> None:
        drawn[title] = difference

    monkeypatch.setattr("lunarcloud.figures.draw_difference", drawing)
    monkeypatch.setattr("lunarcloud.figures.save_figure", lambda *_: "")
    make("compare", tmp_path, cluster)
    ((title, picture),) = drawn.items()
    assert title == "feo: equation minus CNN, without clipped pixels"
    assert picture.isnull().values.tolist() == clipped.tolist()
    assert float(picture.max()) == pytest.approx(1.0)


def test_a_map_of_somebody_is_compared(
    truth_root: str, cluster: Cluster, tmp_path: Path, require_pictures: Callable[[Outcome], None]
) -> None:
    ours = api.open_maps(truth_root, run="true")["feo_cnn"].load()
    (ours - 1.5).rename("FeO").to_dataset().to_zarr(tmp_path / "published.zarr", consolidated=False)
    found = make("compare", truth_root, cluster, run="true", grid=str(tmp_path / "published.zarr"))
    statistics = xr.open_zarr(f"{found.place.url}/statistics.zarr").sel(unit="global", pair="feo_cnn")
    assert float(statistics["mean_difference"]) == pytest.approx(1.5, abs=1e-3)
    assert float(statistics["correlation"]) > 0.999_99
    assert found.record.card.facts["difference"] == "run true minus published.zarr"
    assert [source.url.rpartition("/")[2] for source in found.record.given.sources] == ["published.zarr"]
    require_pictures(found)
    with pytest.raises(InputError, match=r"nothing: neither GeoTIFF \(.tif\), CSV \(.csv\) nor a Zarr group"):
        make("compare", truth_root, run="true", grid=str(tmp_path / "nothing"))
    with pytest.raises(InputError, match=r"--grid .* leave 'true' away"):
        make("compare", truth_root, run="true", other="true", grid=str(tmp_path / "published.zarr"))


def test_a_run_without_networks_is_refused(
    make_run: MakeRun, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = folder(tmp_path_factory.mktemp("bare"))
    make_run(grid(1), {"feo_equation": 8.0}, root)
    with pytest.raises(NotFoundError, match="equations alone"):
        make("compare", root.url)
