"""Action sample: a CSV of points becomes a CSV of values."""

from pathlib import Path

import pandas as pd
import pytest

from lunarcloud.engine import Cluster
from lunarcloud.errors import InputError
from lunarcloud.testing.fixtures import Command
from lunarcloud.testing.make import act


@pytest.fixture
def points(tmp_path: Path) -> Path:
    path = tmp_path / "points.csv"
    path.write_text("site,lat,lon\nApollo 11,0.674,23.473\nfar side,30,200\n")
    return path


def test_rows_come_back_with_values_units_and_flags(
    lunarcloud: Command, truth_root: str, points: Path, scheduler: str
) -> None:
    to = points.with_name("values.csv")
    words = ("sample", points, "--to", to, "--run", "true", "--root", truth_root, "--scheduler", scheduler)
    code, out, err = lunarcloud(*words)
    assert code == 0, err
    found = pd.read_csv(to)
    assert list(found["site"]) == ["Apollo 11", "far side"]
    mare, highland = found["feo_cnn [wt%]"].tolist()
    assert mare > highland + 5.0
    assert found["mg_number"].between(0.0, 1.0).all()
    assert list(found["quality"]) == [0, 0]
    assert found["pixel_lon"].tolist() == pytest.approx([23.375, -159.875])
    assert "feo_cnn" in out


def test_nothing_is_written_over(truth_root: str, cluster: Cluster, points: Path) -> None:
    with pytest.raises(InputError, match="another CSV"):
        act("sample", truth_root, cluster, points=str(points), to=str(points), run="true")
    points.write_text("lat,lon,quality\n1,2,good\n")
    with pytest.raises(InputError, match="column quality would be there twice"):
        act("sample", truth_root, cluster, points=str(points), to=str(points) + "x", run="true")
