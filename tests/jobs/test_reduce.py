"""From tiles to means: what the statistics say of a synthetic Moon is its truth."""

import json
from pathlib import Path

import numpy as np
import pytest

from lunarcloud import moon, synthetic
from lunarcloud.archive.gazetteer import feature, features
from lunarcloud.synthetic import write_tiles
from lunarcloud.testing.fixtures import Command

PPD = 2
# Three stored bands of 1.35e-4 steps without noise, and stored maps: far below 0.1 wt% in a mean of many
# pixels; nearest neighbour takes a spectrum up to a pixel away, which cancels but at shores.
TOLERANCE_WT = 0.15


def _inside(g: moon.Grid, names: list[str]) -> np.ndarray:
    found = np.zeros(g.shape, dtype=bool)
    for name in names:
        place = feature(name)
        away = moon.angular_distance(
            lat=g.lat()[:, None], lon=g.lon()[None, :], to_lat=place.lat, to_lon=place.lon
        )
        found |= away <= place.diameter_km / 2 / moon.kilometres(1.0)
    return found


@pytest.fixture(scope="module")
def truth() -> dict[str, dict[str, float]]:
    """Area-weighted means of FeO and TiO2 over units, from the truth itself at the pixel centres."""
    g = moon.grid(PPD)
    true = synthetic.truth(lat=g.lat()[:, None], lon=g.lon()[None, :])
    areas = np.broadcast_to(g.pixel_area_m2()[:, None], g.shape)
    maria = _inside(g, [place.name for place in features() if place.is_mare])
    units = {
        "global": np.ones(g.shape, dtype=bool),
        "maria": maria,
        "non-maria": ~maria,
        "Mare Tranquillitatis": _inside(g, ["Mare Tranquillitatis"]),
    }
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
    table = json.loads(out)["tables"]["statistics"]
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
    found = {(row["map"], row["unit"]): row["mean"] for row in rows}
    for name, units in truth.items():
        for unit, mean in units.items():
            assert found[name, unit] == pytest.approx(mean, abs=TOLERANCE_WT), (name, unit)
