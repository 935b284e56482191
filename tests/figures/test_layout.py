"""Layouts for odd inputs: nothing lies on each other, and no picture is longer than a page."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from lunarcloud.figures.models import draw_fit, draw_influence, draw_predictions
from lunarcloud.figures.residuals import draw_residuals
from lunarcloud.figures.style import PAGE_IN
from lunarcloud.models import QIU2025, Card, MissionInfluence, Residual
from lunarcloud.models.accuracy import accuracy
from lunarcloud.models.card import Kind
from lunarcloud.models.equation_fit import Predictions
from tests.figures.conftest import Overprinted

# A page of a journal, with its margins cut, is less than so many inches high.
_PAGE_HIGH_IN = 9.5
_MODELS: tuple[tuple[Kind, str], ...] = (
    ("equation", "feo"),
    ("equation", "tio2"),
    *(("cnn", oxide) for oxide in ("feo", "tio2", "al2o3", "mgo", "cao")),
)


@pytest.fixture(scope="module")
def card() -> Card:
    """Forty-nine stations of one mission each, all models known."""
    sites = [*(f"Mission {number} station LM {number}" for number in range(48)), "Chang'E-6"]
    random = np.random.default_rng(1)
    measured = random.uniform(5, 20, 49)
    scores, residuals = [], []
    for kind, oxide in _MODELS:
        off = random.normal(0, 1, 49)
        found = Predictions(measured=measured, fitted=measured + off / 2, left_out=measured + off)
        scores.append(accuracy(kind, oxide, found))
        residuals += [
            Residual(kind=kind, oxide=oxide, site=site, measured=m, fitted=m + d / 2, left_out=m + d)
            for site, m, d in zip(sites, measured.tolist(), off.tolist(), strict=True)
        ]
    influence = [
        MissionInfluence(
            mission=site,
            stations=1,
            equations=QIU2025,
            change={"feo": 0.01 * number, "tio2": 0.02},
            error={"feo": 0.5, "tio2": -0.3},
        )
        for number, site in enumerate(sites)
    ]
    return Card(
        equations=QIU2025,
        accuracy=tuple(scores),
        residuals=tuple(residuals),
        influence=tuple(influence),
    )


def _require_page(figure: Figure) -> None:
    assert figure.get_figwidth() <= PAGE_IN
    assert figure.get_figheight() <= _PAGE_HIGH_IN


def test_stations_of_one_mission_have_no_figure_of_missions(
    card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("draw_predictions", "draw_residuals", "draw_origins"):
        monkeypatch.setattr(f"lunarcloud.figures.models.{name}", lambda *given: Figure())
    alone = card.influence[0].model_copy(update={"change": {}, "error": {}})
    figures = draw_fit(card.model_copy(update={"influence": (alone,)}), xr.Dataset())
    assert figures.keys() == {"measured-predicted", "residuals", "origins"}


def test_one_station_missions_fit_on_a_page_the_most_influential_kept(
    card: Card, overprinted: Overprinted
) -> None:
    figure = draw_influence(card)
    _require_page(figure)
    assert overprinted(figure) == []
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert len(names) == 20
    assert names[-1] == "Chang'E-6 (1)"
    assert "Mission 0 station LM 0 (1)" not in names
    assert figure.legends[0].get_title().get_text() == "29 more missions change less"


def test_residuals_of_all_stations_fit_on_a_page_with_the_newest_marked(
    card: Card, overprinted: Overprinted
) -> None:
    figure = draw_residuals(card)
    _require_page(figure)
    assert overprinted(figure) == []
    table = figure.axes[0]
    labels = {label.get_text(): label for label in table.get_yticklabels()}
    assert labels["Chang'E-6"].get_fontweight() == "bold"
    assert labels["Mission 3 station LM 3"].get_fontweight() == "normal"
    first = card.residuals[0]
    assert first.left_out is not None
    assert table.texts[0].get_text() == f"{first.left_out - first.measured:+.2f}"
    assert len(table.texts) == 49 * len(_MODELS)


def test_predictions_say_what_the_papers_own_equation_does_on_these_stations(
    card: Card, overprinted: Overprinted
) -> None:
    sites = [each.site for each in card.residuals if (each.kind, each.oxide) == ("equation", "feo")]
    spectra = np.linspace([0.05, 0.1, 0.1, 0.11, 0.11], [0.09, 0.2, 0.2, 0.21, 0.22], 49).T
    reflectance = xr.DataArray(
        spectra, {"wavelength": list(QIU2025.wavelengths_nm), "site": sites}, ("wavelength", "site")
    )
    figure = draw_predictions(card, xr.Dataset({"reflectance": reflectance}))
    _require_page(figure)
    assert overprinted(figure) == []
    feo, tio2, cnn, *_ = figure.axes
    for axes in (feo, tio2):
        assert "paper's equation, these 49: R$^2$" in axes.get_xlabel()
    assert "paper's equation" not in cnn.get_xlabel()
    assert [axes.get_title(loc="left").split("  ")[1] for axes in (feo, tio2)] == [
        "FeO, equation",
        "TiO$_2$, equation",
    ]
