"""Statistics of a run's maps by unit."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import shapely
import xarray as xr
from distributed import Client

from lunarcloud.archive.polygons import Outline
from lunarcloud.engine.driver import stream
from lunarcloud.errors import InputError, NotFoundError, StoreError
from lunarcloud.moon import SPHERE_KM2, Grid, grid
from lunarcloud.statistics import cells
from lunarcloud.statistics.source import Source, one_by_one
from lunarcloud.statistics.summary import Sampling, above_table, means, summarise, table
from lunarcloud.statistics.units import Unit, from_outlines, inside, maria, named_region, whole_moon
from lunarcloud.storage import folder, open_dataset, write_dataset


@pytest.fixture(scope="module")
def units() -> list[Unit]:
    return [whole_moon(), *maria(), named_region("Mare Tranquillitatis")]


@pytest.fixture(scope="module")
def field() -> tuple[Grid, npt.NDArray[np.float64]]:
    on = grid(2, 128)
    values = np.random.default_rng(1).gamma(3.0, 2.0, on.shape).round(3)
    values[200:210, 100:300] = np.nan
    return on, values


@pytest.fixture(scope="module")
def source(make_source: Callable[..., Source], field: tuple[Grid, npt.NDArray[np.float64]]) -> Source:
    on, values = field
    return make_source(on, {"feo_equation": values, "omat": np.full(on.shape, 0.2)})


def test_pixels_give_numpy_s_weighted_mean_of_every_unit(
    source: Source, field: tuple[Grid, npt.NDArray[np.float64]], units: list[Unit]
) -> None:
    on, values = field
    found = summarise(source, units, sampling="pixels").sel(map="feo_equation")
    for unit in units:
        here = inside(unit, on, on.whole) & np.isfinite(values)
        weights = np.broadcast_to(on.pixel_area_m2()[:, None], on.shape)[here]
        mean = np.average(values[here], weights=weights)
        one = found.sel(unit=unit.name)
        assert float(one["mean"]) == pytest.approx(mean, abs=1e-9)
        assert float(one["std"]) == pytest.approx(
            np.sqrt(np.average((values[here] - mean) ** 2, weights=weights)), abs=1e-9
        )
        assert float(one["area"]) == pytest.approx(weights.sum() / 1e6, rel=1e-9)
        assert int(one["count"]) == here.sum()


@pytest.mark.parametrize(("sampling", "tolerance"), [("pixels", 1e-9), ("cells", 2e-3)])
def test_every_unit_has_its_area_and_share_of_the_moon_mapped_or_not(
    source: Source, units: list[Unit], sampling: Sampling, tolerance: float
) -> None:
    found = summarise(source, units, sampling=sampling)
    for unit in units:
        on = source.grid
        area = float((inside(unit, on, on.whole) * on.pixel_area_m2()[:, None]).sum() / 1e6)
        assert float(found["unit_area"].sel(unit=unit.name)) == pytest.approx(area, rel=tolerance)
    assert (found["unit_area"] >= found["area"] * (1 - 1e-12)).all()
    assert float(found["unit_share"].sel(unit=["maria", "non-maria"]).sum()) == pytest.approx(100.0)
    assert 16.0 < float(found["unit_share"].sel(unit="maria")) < 17.0
    assert [found[name].attrs["units"] for name in ("unit_area", "unit_share")] == ["km2", "percent"]
    first, second = means(found).query("map == 'the Moon'").to_dict("records")
    assert (first["what"], first["global"]) == ("area, km2", 37_932_328.0)
    assert second["maria"] + second["non-maria"] == pytest.approx(100.0)


@pytest.mark.usefixtures("coarse_cells")
@pytest.mark.parametrize("sampling", ["cells", "pixels"])
def test_area_above_a_limit_is_that_of_a_cap(make_source: Callable[..., Source], sampling: Sampling) -> None:
    on = grid(2, 128)
    # From 30 N on exactly at the limit, which is not above it; poleward of 60 N above it.
    lat = on.lat()[:, None]
    feo = np.select([lat > 60.0, lat > 30.0], [24.001, 24.0], 10.0)
    source = make_source(on, {"feo_cnn": feo, "omat": np.full(on.shape, 0.2)})
    found = summarise(source, [whole_moon(), *maria()], sampling=sampling, above={"feo_cnn": 24.0})
    rows = above_table(found).set_index("unit")
    km2, per_cent = rows["area_km2"].to_dict(), rows["per_cent"].to_dict()
    share = (1.0 - np.sin(np.radians(60.0))) / 2.0
    assert km2["global"] == pytest.approx(share * SPHERE_KM2, rel=1e-9)
    assert per_cent["global"] == pytest.approx(100.0 * share, rel=1e-9)
    assert km2["maria"] + km2["non-maria"] == pytest.approx(km2["global"], rel=1e-9)
    assert set(rows["units"]) == {"wt%"}


@pytest.mark.usefixtures("coarse_cells")
def test_a_limit_of_a_map_that_is_not_there_is_refused(source: Source) -> None:
    with pytest.raises(NotFoundError, match="feo_cnn"):
        summarise(source, [whole_moon()], above={"feo_cnn": 24.0})


@pytest.mark.usefixtures("coarse_cells")
def test_cells_sample_the_pixel_at_their_centre(
    source: Source, field: tuple[Grid, npt.NDArray[np.float64]], units: list[Unit]
) -> None:
    on, values = field
    at = cells.sample(on, on.whole)
    found = summarise(source, units, sampling="cells").sel(map="feo_equation")
    for unit in units:
        sampled = values[at.row, at.col][inside(unit, on, on.whole)[at.row, at.col]]
        sampled = sampled[np.isfinite(sampled)]
        one = found.sel(unit=unit.name)
        assert int(one["count"]) == sampled.size
        assert float(one["mean"]) == pytest.approx(sampled.mean(), abs=1e-9)
        assert float(one["quantile_value"].sel(quantile=0.5)) == pytest.approx(
            np.quantile(sampled, 0.5, method="inverted_cdf"), abs=1e-9
        )


@pytest.mark.usefixtures("coarse_cells")
@pytest.mark.parametrize("sampling", ["cells", "pixels"])
def test_any_order_and_any_cutting_give_the_same_bits(
    make_source: Callable[..., Source],
    field: tuple[Grid, npt.NDArray[np.float64]],
    units: list[Unit],
    sampling: Sampling,
) -> None:
    on, values = field

    def shuffled(function: Callable[[Any], Any], items: Iterable[Any]) -> Iterable[tuple[Any, Any]]:
        mixed = list(items)
        np.random.default_rng(7).shuffle(mixed)
        return one_by_one(function, mixed)

    usual = summarise(make_source(on, {"feo_equation": values}), units, sampling=sampling)
    other = summarise(
        make_source(grid(2, 500), {"feo_equation": values}), units, sampling=sampling, stream=shuffled
    )
    xr.testing.assert_identical(usual, other)


def test_workers_give_the_same_bits(source: Source, units: list[Unit], client: Client) -> None:
    xr.testing.assert_identical(
        summarise(source, units), summarise(source, units, stream=partial(stream, client))
    )


def test_the_whole_moon_has_every_cell(make_source: Callable[..., Source], units: list[Unit]) -> None:
    found = summarise(make_source(grid(1), {"feo_equation": 8.23}), units).sel(map="feo_equation")
    assert int(found["count"].sel(unit="global")) == 16_858_820
    assert float(found["area"].sel(unit="global")) == pytest.approx(37_932_328.1, rel=1e-8)
    np.testing.assert_allclose(found["mean"], 8.23, rtol=1e-12)


def test_the_maria_of_the_synthetic_moon_are_found(truth_source: Source) -> None:
    """Tranquillitatis holds mare basalt of high titanium; others less."""
    units = [whole_moon(), *maria(), named_region("Mare Tranquillitatis"), named_region("Mare Crisium")]
    found = summarise(truth_source, units)
    feo, tio2 = found["mean"].sel(map="feo_equation"), found["mean"].sel(map="tio2_equation")
    assert float(feo.sel(unit="non-maria")) < 7 < 15 < float(feo.sel(unit="maria"))
    assert float(tio2.sel(unit="Mare Tranquillitatis")) > 2 * float(tio2.sel(unit="Mare Crisium"))
    modes = found["mode_value"].sel(map="feo_equation", unit="global").values
    assert modes == pytest.approx([5.0, 17.2], abs=0.3)
    assert float(found["mode_confidence"].sel(map="feo_equation", unit="global")) > 0.9


@pytest.mark.usefixtures("coarse_cells")
def test_tables_and_storage_keep_everything(source: Source, units: list[Unit], tmp_path: Path) -> None:
    found = summarise(source, units)
    assert list(means(found).columns) == ["map", "what", *(unit.name for unit in units)]
    rows = table(found)
    assert len(rows) == 2 * len(units)
    assert set(rows["units"]) == {"wt%", "1"}
    place = folder(tmp_path) / "statistics.zarr"
    write_dataset(place, found)
    stored = open_dataset(place).load()
    np.testing.assert_array_equal(stored["mean"], found["mean"])
    assert stored["histogram"].sum("bin").values == pytest.approx(np.ones((2, 4)))


def narrowed(source: Source) -> Source:
    """The same run with FeO alone, which has the gap."""
    layout = source.group.layout
    variables = tuple(variable for variable in layout.variables if variable.name != "omat")
    return Source(replace(source.group, layout=replace(layout, variables=variables)))


def test_a_unit_in_missing_data_is_refused(source: Source) -> None:
    """Rows 200..210 of 2 pixels a degree are latitudes -15..-10."""
    gap = Outline("gap", shapely.box(-120, -14, -60, -11))
    with pytest.raises(InputError, match=r"'gap' .* holds no valid cells"):
        summarise(narrowed(source), from_outlines([gap], "file"))


def test_a_damaged_shard_is_named(make_source: Callable[..., Source]) -> None:
    source = make_source(grid(1), {"feo_equation": 8.23})
    key = source.group.place.keys("feo_equation/c")[0]
    source.group.place.write(key, b"damaged")
    with pytest.raises(StoreError, match="damaged"):
        summarise(source, [whole_moon()])
