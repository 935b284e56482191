"""Tables of the paper's numbers beside ours: the known numbers come out, and their differences."""

import numpy as np
import pytest
import xarray as xr

from lunarcloud.models import QIU2025, Equations
from lunarcloud.models.card import Accuracy, Card, Residual, Score, StationUse
from lunarcloud.publication.numbers import MEANS, PREVIOUS_MEANS, UNITS
from lunarcloud.publication.tables import (
    Beside,
    accuracy_table,
    beside,
    coefficients_table,
    means_table,
    modes_table,
    polar_table,
    residuals_table,
)


@pytest.fixture
def statistics() -> xr.Dataset:
    """As reduce makes it, of two maps: means 0.1 above the paper's, one and two modes."""
    names, places = ["feo_equation", "feo_cnn"], ("map", "unit")
    means = np.array([MEANS[name] for name in names]) + 0.1
    modes = np.full((2, 4, 2), np.nan)
    modes[0, 0], modes[1, 0] = (18.0, 5.0), (5.0, 17.0)
    return xr.Dataset(
        {"mean": (places, means), "mode_value": ((*places, "mode"), modes)},
        coords={"map": names, "unit": list(UNITS)},
    )


def test_a_difference_is_ours_minus_the_paper_s() -> None:
    table = beside([Beside("a", "wt%", 8.23, 8.0, 2), Beside("b", "", None, 1234.5, 0)])
    assert table.rows == (("a", "wt%", "8.23", "8.00", "-0.23"), ("b", "", "", "1,234", ""))


def test_means_stand_by_unit(statistics: xr.Dataset) -> None:
    table = means_table(statistics, MEANS)
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert row["map"] == "FeO, equation"
    assert table.rows[0][2:5] == ("8.23", "8.33", "+0.10")
    assert table.rows[0][11:] == ("17.51", "17.61", "+0.10")
    # A map that the run has not has the paper's number alone.
    assert table.rows[1][2:5] == ("1.20", "", "")
    assert len(means_table(statistics, PREVIOUS_MEANS).rows) == 2


def test_a_mean_of_networks_stands_with_its_chance(statistics: xr.Dataset) -> None:
    chances = np.full((2, len(UNITS)), np.nan)
    chances[1, 0] = 0.2704
    table = means_table(statistics.assign(mean_chance=(("map", "unit"), chances)), MEANS)
    rows = {row[0]: row[2:8] for row in table.rows}
    assert rows["FeO, CNN"] == ("8.48", "8.58 ± 0.27", "+0.10", "17.71", "17.81", "+0.10")
    assert rows["FeO, equation"][1] == "8.33"
    assert rows["TiO₂, CNN"][1] == ""


def test_modes_are_matched_to_the_nearest_each_once(statistics: xr.Dataset) -> None:
    rows = modes_table(statistics).rows
    assert [row[2:] for row in rows[:2]] == [("4.47", "5.00", "+0.53"), ("18.82", "18.00", "-0.82")]
    assert rows[2][2:] == ("5.28", "5.00", "-0.28")
    assert "here 2" in str(rows[2][0])
    # One mode of ours is not both of the paper's.
    statistics["mode_value"][0, 0] = [5.0, np.nan]
    rows = modes_table(statistics).rows
    assert [row[3] for row in rows[:2]] == ["5.00", ""]


def test_the_paper_s_own_coefficients_do_not_differ() -> None:
    rows = coefficients_table(QIU2025).rows
    assert {row[4] for row in rows} == {"+0.000"}
    assert ("FeO: slope", "", "24.770", "24.770", "+0.000") in rows
    unfitted = coefficients_table(Equations(iron=None, titanium=None))
    assert {row[3] for row in unfitted.rows} == {""}


@pytest.fixture
def card() -> Card:
    sites = ("Apollo 11", "Chang'E-6")
    return Card(
        equations=QIU2025,
        used=tuple(StationUse(site=site, reflectance="table", oxides=("feo",)) for site in sites),
        accuracy=(
            Accuracy(
                kind="equation",
                oxide="feo",
                stations=2,
                training=Score(rmse=1.04, r2=0.948),
                loocv=None,
                paper_training_r2=0.923,
            ),
        ),
        residuals=(
            Residual(kind="equation", oxide="feo", site=sites[0], measured=15.0, fitted=15.5, left_out=16.0),
            Residual(kind="equation", oxide="feo", site=sites[1], measured=17.0, fitted=16.0, left_out=None),
        ),
    )


def test_the_new_mission_is_marked_among_the_residuals(card: Card) -> None:
    assert residuals_table(card).rows == (
        ("Apollo 11", "", "+0.50", "+1.00"),
        ("Chang'E-6", "new: Chang'E-6", "-1.00", ""),
    )


def test_the_paper_s_own_equation_stands_beside_ours(card: Card) -> None:
    rows = accuracy_table(card, {"feo": Score(rmse=1.05, r2=0.947)}).rows
    assert rows[0][3:] == ("R² of the fit", "", "0.923", "0.948", "+0.025")
    assert rows[2][1:] == ("the paper's own equation", 2, "R²", "", "0.923", "0.947", "+0.024")
    assert rows[3][3:] == ("RMSE", "wt%", "1.37", "1.05", "-0.32")


def test_shares_of_the_region_are_of_its_area() -> None:
    counted = {"mapped": 100, "similar_to_maria": 10, "high_FeO": 5}
    attrs: dict[str, float] = {f"cells_{name}": number for name, number in counted.items()}
    attrs |= {f"km2_{name}": 2.25 * number for name, number in counted.items()}
    rows = {str(row[0]): row[2:] for row in polar_table(xr.Dataset(attrs=attrs)).rows}
    assert rows["their share"] == ("8.1", "10.0", "+1.9")
    assert rows["their share of the region"] == ("6.7", "5.0", "-1.7")
    assert rows["cells of the region (here: mapped)"] == ("633,949", "100", "-633,849")
