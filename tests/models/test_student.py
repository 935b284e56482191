"""The student of an ensemble: what it is taught and measured on, when it may answer, how sure it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from lunarcloud.archive import parse_stations
from lunarcloud.models import (
    QIU2025,
    Card,
    Model,
    interval_maps,
    load_model,
    network_maps,
    predict,
    session,
)
from lunarcloud.models import student as teaching
from lunarcloud.models.choices import CHOICES
from lunarcloud.models.distillation import Lesson, distil
from lunarcloud.models.equation_fit import EquationFit, Predictions
from lunarcloud.models.export import export_taught
from lunarcloud.models.fitting import Fitted, Fitting, fit_model
from lunarcloud.models.gather import gather
from lunarcloud.models.graph import Networks, perceptron_graph, product_graph
from lunarcloud.models.inputs import network_inputs
from lunarcloud.models.network_fit import NetworkFit
from lunarcloud.models.novelty import Novelty, fit_novelty, novelty
from lunarcloud.models.package import INTERVALS, NETWORKS, STUDENT
from lunarcloud.models.samples import Samples
from lunarcloud.models.student import Taught, half_widths_of, residuals_of, teach
from lunarcloud.models.training import Teaching
from lunarcloud.storage import digest, folder
from lunarcloud.synthetic import station_table

Pixels = npt.NDArray[np.float32]
# The same in all whole fits, for which one program is then compiled.
STATIONS = 22
OXIDES = ["feo", "tio2", "al2o3", "mgo", "cao"]


@pytest.fixture(autouse=True, scope="module")
def small() -> Iterator[None]:
    """Perceptrons, their lessons and the searches of origins of a size for tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(teaching, "MEANS", Teaching(hidden=(24,), epochs=40, batch=256))
        patch.setattr(teaching, "HALF_WIDTHS", Teaching(hidden=(8,), epochs=60, batch=128))
        fewer = {"mixtures": 1000, "intervals_one_in": 8}
        patch.setattr(teaching, "CHOICES", CHOICES.model_copy(update=fewer))
        patch.setattr("lunarcloud.models.origins.PER_UNIT", 100)
        yield


def _untrained(stations: Samples, networks: Networks, number: int) -> tuple[Samples, NetworkFit, EquationFit]:
    samples = stations.take(np.arange(len(stations.sites)) < number)
    said = predict(session(product_graph(networks, {})), samples.reflectance.T.astype(np.float32))
    means = said.T.reshape(2, 2, -1).mean(axis=0, dtype=np.float64)
    predictions = {
        oxide: Predictions(samples.oxide(oxide), means[row], means[row])
        for row, oxide in enumerate(networks.oxides)
    }
    nothing = np.empty((2, 2, 0), np.float32)
    fitted = NetworkFit(networks, (networks,) * number, predictions, {}, nothing, {})
    return samples, fitted, EquationFit(QIU2025, {}, {}, (QIU2025,) * number, {})


def _teach(stations: Samples, networks: Networks, number: int, pixels: Pixels | None) -> Taught:
    """Teach what untrained networks say, the same without any station, by the first so many of them."""
    samples, fitted, equations = _untrained(stations, networks, number)
    return teach(samples, fitted, equations, _novelty(samples), pixels)


def _novelty(samples: Samples) -> Novelty:
    return fit_novelty(network_inputs(samples.reflectance, QIU2025))


@pytest.fixture(scope="module")
def pixels(stations: Samples) -> Pixels:
    """Twelve blocks of 40 soils, of which block 3 is empty; blocks 0 and 11 are to be held out."""
    random = np.random.default_rng(4)
    chosen = stations.reflectance[:, random.integers(0, 24, (12, 40))].transpose(1, 0, 2)
    made = (chosen * random.normal(1.0, 0.02, chosen.shape)).astype(np.float32)
    made[3, 2] = np.nan
    return made


class Lessons(NamedTuple):
    """What was taught of some pixels, and what with."""

    taught: Taught
    given: list[Lesson]


@pytest.fixture(scope="module")
def of_pixels(stations: Samples, networks: Networks, pixels: Pixels) -> Lessons:
    """A student of a mosaic."""
    given: list[Lesson] = []

    def listening(lesson: Lesson, *rest: Any, **options: Any) -> Any:
        given.append(lesson)
        return distil(lesson, *rest, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(teaching, "distil", listening)
        return Lessons(_teach(stations, networks, 24, pixels), given)


@pytest.fixture(scope="module")
def of_few(stations: Samples, networks: Networks) -> Taught:
    """A student of 18 stations that was hardly taught at all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(teaching, "MEANS", Teaching(hidden=(2,), epochs=1, rate=1e-6))
        return _teach(stations, networks, 18, None)


def _loaded(files: dict[str, bytes], card: Card, place: Path) -> Model:
    for name, data in files.items():
        folder(place).write(name, data)
    return load_model(folder(place), "0123", card)


# ---- what it is taught and measured on


def test_blocks_held_out_are_not_taught(of_pixels: Lessons, pixels: Pixels) -> None:
    seen = {tuple(spectrum) for lesson in of_pixels.given for spectrum in lesson.inputs[:5].T.tolist()}
    of_block = [sum(tuple(each) in seen for each in block.T.astype(float).tolist()) for block in pixels]
    # Block 3 is empty, so the tenth after the first is the last.
    assert of_block[0] == of_block[3] == of_block[11] == 0
    assert all(number > 30 for place, number in enumerate(of_block) if place not in (0, 3, 11))


def test_errors_of_the_record_are_those_of_pixels_held_out(
    of_pixels: Lessons, networks: Networks, stations: Samples, pixels: Pixels
) -> None:
    samples, (taught, _) = stations.take(np.arange(47) < 24), of_pixels
    record = taught.record
    held_out = np.concatenate([pixels[0], pixels[11]], axis=1).astype(np.float64)
    distance = novelty(held_out, network_inputs(held_out, QIU2025)[-1], _novelty(samples))
    asked = held_out[:, distance <= record.reach].T.astype(np.float32)
    members = predict(session(product_graph(networks, {})), asked).T.reshape(2, 2, -1)
    said = predict(session(perceptron_graph(taught.means, {})), asked).T
    assert record.held_out == len(asked)
    for row, each in enumerate(record.errors):
        error, chance = np.abs(said[row] - members.mean(axis=0)[row]), members.std(axis=0, ddof=1)[row]
        # By definition: so many of a hundred lie below a quantile, linearly between the nearest two.
        *_, last_but_one, largest = np.sort(error)
        assert each.rms == pytest.approx(np.sqrt(np.mean(error**2)), rel=0.01)
        assert each.largest == pytest.approx(largest, rel=0.01)
        below = 0.001 * (len(error) - 1)
        assert each.of_999 == pytest.approx(largest - below * (largest - last_but_one), rel=0.01)
        assert each.chance == pytest.approx(np.median(chance), rel=0.01)
        assert 0 < np.mean(error <= chance / 5) < 1
        assert each.within_a_fifth == pytest.approx(np.mean(error <= chance / 5))
        relative = said[len(record.errors) + row] / chance - 1
        assert each.chance_error == pytest.approx(np.sqrt(np.mean(relative**2)), rel=0.01)


def test_the_card_names_how_the_spectra_were_chosen(
    of_pixels: Lessons, stations: Samples, networks: Networks, pixels: Pixels
) -> None:
    record = of_pixels.taught.record
    assert record.choices
    assert (record.choices.mixtures, record.choices.held_out_one_in) == (1000, 10)
    assert record.choices.coverages == {"half68": 0.68, "half95": 0.95}
    assert "jackknife+" in record.choices.intervals
    others = record.choices.model_copy(update={"held_out_one_in": 2, "widened_one_in": 1000, "answered": 0.5})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(teaching, "CHOICES", others)
        again = _teach(stations, networks, 24, pixels).record
    assert again.choices == others
    # Half of the pixels of 6 blocks, each of 40, and hardly anything widened.
    assert again.held_out == 120
    assert again.spectra < record.spectra / 2
    assert again.reach < record.reach


def test_mosaic_too_empty_to_hold_pixels_out_is_as_none_and_same_lessons_give_the_same_bytes(
    stations: Samples, networks: Networks, pixels: Pixels
) -> None:
    empty = np.full_like(pixels, np.nan)
    empty[5] = pixels[5]
    taught, again = (_teach(stations, networks, 24, each) for each in (None, empty))
    assert not taught.record.mosaic
    assert taught.record.held_out > 0
    assert again.record == taught.record
    files = [export_taught(each, networks.oxides, "") for each in (taught, again)]
    assert files[0] == files[1]


# ---- when it may answer


def test_student_that_errs_too_much_is_dropped_and_its_intervals_stay(
    of_few: Taught, networks: Networks, tmp_path: Path
) -> None:
    assert not of_few.record.faithful
    assert "more than a fifth of the chance" in of_few.not_fitted["feo student"]
    files = {NETWORKS: product_graph(networks, {}), **export_taught(of_few, networks.oxides, "")}
    digests = {name: digest(data) for name, data in files.items()}
    card = Card(equations=QIU2025, oxides=networks.oxides, student=of_few.record, digests=digests)
    model = _loaded(files, card, tmp_path)
    assert STUDENT in files
    assert model.student is None
    assert model.intervals == files[INTERVALS]


# ---- intervals


def test_too_few_stations_have_no_95_percent_interval_and_it_is_said(of_few: Taught) -> None:
    maps = [each.map for each in of_few.record.intervals]
    assert maps == ["feo_cnn_half68", "tio2_cnn_half68"]
    reason = "18 stations are too few for an interval of 95%; it needs 19"
    assert of_few.not_fitted["feo 95% interval"] == reason
    assert "feo 68% interval" not in of_few.not_fitted


def test_two_stations_have_no_interval_at_all(stations: Samples, networks: Networks) -> None:
    samples, fitted, equations = _untrained(stations, networks, 2)
    assert half_widths_of(samples, fitted, equations, stations.reflectance) == {}


def test_networks_that_do_not_move_have_the_residuals_as_half_widths(
    stations: Samples, networks: Networks
) -> None:
    samples, fitted, equations = _untrained(stations, networks, 24)
    found = half_widths_of(samples, fitted, equations, stations.reflectance)
    residuals = np.sort(np.abs(residuals_of(fitted.predictions, {})["feo_cnn"]))
    # Of 24 stations ranks 17 (0.68 x 25) and 24 (0.95 x 25).
    np.testing.assert_allclose(found["feo_cnn_half68"], residuals[16], rtol=1e-6)
    np.testing.assert_allclose(found["feo_cnn_half95"], residuals[23], rtol=1e-6)


def test_mg_number_of_which_no_station_knows_both_oxides_has_no_residuals() -> None:
    feo, mgo = np.array([9.0, 8.0, np.nan, np.nan]), np.array([np.nan, np.nan, 7.0, 6.0])
    found = residuals_of({"feo": Predictions(feo, feo, feo + 1), "mgo": Predictions(mgo, mgo, mgo - 1)}, {})
    assert list(found) == ["feo_cnn", "mgo_cnn"]
    assert found["feo_cnn"].tolist()[:2] == [1.0, 1.0]


# ---- whole fits


def _fit(table: Any, seeds: tuple[int, ...] = (0, 1)) -> Fitted:
    gathered = gather(parse_stations(table.to_csv(index=False), "synthetic"), None, "table")
    return fit_model(Fitting(gathered, seeds, seeds))


def test_a_single_seed_has_no_student_and_says_why() -> None:
    found = _fit(station_table(STATIONS).drop(columns=OXIDES[1:]), seeds=(0,))
    assert found.card.student is None
    assert "networks of a single seed say nothing of chance" in found.card.not_fitted["uncertainty"]
    assert set(found.files) == {NETWORKS}


def test_a_table_of_one_oxide_has_its_student_and_intervals(tmp_path: Path) -> None:
    found = _fit(station_table(STATIONS).drop(columns=OXIDES[1:]))
    model = _loaded(found.files, found.card, tmp_path)
    assert network_maps(model) == ("feo_cnn", "feo_cnn_chance")
    intervals = ("feo_cnn_half68", "feo_equation_half68", "feo_cnn_half95", "feo_equation_half95")
    assert interval_maps(model) == intervals


def test_missing_values_duplicates_and_outliers_are_fitted() -> None:
    table = station_table(STATIONS).drop(columns=["tio2", "al2o3", "cao"])
    bands = [name for name in map(str, table) if name[1:].isdigit()]
    table.loc[3, bands] = table.loc[4, bands]
    table.loc[5, "feo"] = 60.0
    table.loc[:1, "mgo"] = np.nan
    table.loc[20:, "feo"] = np.nan
    card = _fit(table).card
    assert card.student is not None
    found = {each.map: each for each in card.student.intervals}
    # FeO at 20 stations, MgO at 20, both at 18: one too few for Mg#.
    both = {"feo_cnn", "mgo_cnn", "feo_equation"}
    assert set(found) == {f"{name}_half{end}" for name in both for end in (68, 95)} | {"mg_number_half68"}
    assert card.not_fitted["mg_number 95% interval"].startswith("18 stations are too few")
    assert all(np.isfinite((each.median, each.error)).all() for each in card.student.intervals)
    # One station of 20 is within the 95 % interval, whatever it is, and not within that of 68 %.
    assert found["feo_cnn_half95"].median > 20
    assert found["feo_cnn_half95"].median > 2 * found["feo_cnn_half68"].median
