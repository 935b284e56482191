"""The fused kernel against the equations written out in double precision, one pixel after the other."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from onnxruntime import InferenceSession

from lunarcloud.maps import FILL, flags
from lunarcloud.maps.kernel import Kernel, Networks, Scaling
from lunarcloud.maps.layout import encode
from lunarcloud.models import QIU2025, Novelty, session
from lunarcloud.quantities import OXIDES as TABLE
from lunarcloud.quantities import QUANTITIES, chance_of_mg_number, mg_number
from lunarcloud.testing.small_root import MISSING, OXIDES, SCALING, plain_model

NAN = math.nan


def _equations(spectrum: list[float]) -> tuple[Any, ...]:
    """FeO, TiO2, OMAT and the flags of the paper's equations."""
    r415, r750, r950 = spectrum[0], spectrum[1], spectrum[3]
    measured = [value for value in spectrum if not math.isnan(value)]
    flags = {"missing_input"} if len(measured) < 5 else set()
    if any(not 0 < value <= 1 for value in measured):
        flags.add("off_scale_input")
    feo = tio2 = omat = NAN
    if r750 > 0.018 and r950 > 0:
        theta = -math.atan((r950 / r750 - 1.188) / (r750 - 0.018))
        feo = 24.770 * theta - 8.053
        omat = math.hypot(r750 - 0.018, r950 / r750 - 1.188)
    if r750 > 0 and r415 > 0:
        theta = math.atan((r415 / r750 - 0.481) / r750)
        tio2 = 7.128 * theta**4.022 if theta > 0 else -1.0 if theta < 0 else 0.0
    maps = {"feo_equation": feo, "tio2_equation": tio2}
    flags |= _clipped(maps)
    if (math.isnan(feo) or math.isnan(tio2)) and "missing_input" not in flags:
        flags.add("outside_validity_of_equation")
    return {**{name: _limited(name, value) for name, value in maps.items()}, "omat": omat}, flags


def _clipped(maps: dict[str, float]) -> set[str]:
    return {f"{name}_clipped" for name, value in maps.items() if abs(value - _limited(name, value)) > 0}


def _limited(name: str, value: float) -> float:
    return value if math.isnan(value) else min(max(value, 0.0), TABLE[name.partition("_")[0]].highest)


def _networks(plain: InferenceSession, spectrum: list[float], flags: set[str]) -> dict[str, Any]:
    """The five oxides by the plain form of the networks, this pixel alone, and Mg#."""
    names = [f"{oxide}_cnn" for oxide in OXIDES]
    if flags & {"missing_input", "off_scale_input"} or spectrum[1] <= 0.018:
        return dict.fromkeys([*names, "mg_number"], NAN)
    (wt,) = plain.run(None, {"reflectance": np.array([spectrum], dtype=np.float32)})[0].astype(float)
    given = dict(zip(names, wt, strict=True))
    oxides = {name: _limited(name, value) for name, value in given.items()}
    flags |= _clipped(given)
    if flags & {"feo_cnn_clipped", "mgo_cnn_clipped"}:
        return {**oxides, "mg_number": NAN}
    magnesium, iron = oxides["mgo_cnn"] / 40.304, oxides["feo_cnn"] / 71.844
    ratio = magnesium / (magnesium + iron) if magnesium + iron > 0 else NAN
    return {**oxides, "mg_number": ratio}


def _novelty(stations: Novelty, spectrum: list[float], omat: float, flags: set[str]) -> dict[str, float]:
    """Mahalanobis distance by the matrix itself."""
    z = (np.array([*spectrum, omat]) - stations.standard.mean) / np.array(stations.standard.deviation)
    distance = float(np.linalg.norm(np.array(stations.whitening) @ z))
    if distance > stations.limit:
        flags.add("extrapolated_beyond_stations")
    return {"novelty": distance}


@pytest.fixture(scope="module")
def reference(dn: npt.NDArray[np.int16], stations: Novelty) -> list[Any]:
    """Values of all maps and the flags, for every third pixel."""
    plain = session(plain_model())
    found = []
    for pixel in dn.reshape(5, -1).T[::3]:
        spectrum = [NAN if number == MISSING else SCALING * float(number) for number in pixel]
        maps, flags = _equations(spectrum)
        maps |= _networks(plain, spectrum, flags)
        maps |= _novelty(stations, spectrum, maps["omat"], flags)
        found.append((maps, flags))
    return found


@pytest.fixture(scope="module")
def codes(kernel: Kernel, dn: npt.NDArray[np.int16]) -> dict[str, npt.NDArray[Any]]:
    return kernel(dn)


@pytest.mark.parametrize("name", [name for name, row in QUANTITIES.items() if row.about is None])
def test_every_map_is_its_equation_to_half_a_step_and_single_precision(
    name: str, codes: dict[str, npt.NDArray[Any]], reference: list[Any]
) -> None:
    step = QUANTITIES[name].step
    found = codes[name].reshape(-1)[::3]
    wanted = np.array([maps[name] for maps, _ in reference])
    assert np.array_equal(found == FILL, np.isnan(wanted))
    valid = ~np.isnan(wanted)
    largest = (FILL - 1) * step
    # Single precision of the band ratio's distance from the origin reaches FeO with a few 1e-5 wt%, the
    # distances of very dark pixels with 1e-5 of their size.
    tolerance = 0.5 * step + 1e-4 + 2e-5 * np.minimum(wanted[valid], largest)
    error = np.abs(found[valid] * step - np.minimum(wanted[valid], largest))
    assert np.count_nonzero(valid) > 1000
    assert (error <= tolerance).all()


def test_every_pixel_has_the_flags_that_its_equations_say(
    codes: dict[str, npt.NDArray[Any]], reference: list[Any]
) -> None:
    found = codes["quality"].reshape(-1)[::3]
    bits = flags()
    wanted = [sum(bits[flag] for flag in found) for _, found in reference]
    assert found.tolist() == wanted
    assert {flag for _, found in reference for flag in found} == {
        name for name in bits if not name.endswith(("cnn_clipped", "taught"))
    }


def test_a_pixel_does_not_depend_on_its_neighbours(
    kernel: Kernel, dn: npt.NDArray[np.int16], codes: dict[str, npt.NDArray[Any]]
) -> None:
    part = kernel(np.ascontiguousarray(dn[:, 40:41, 20:60]))
    for name, whole in codes.items():
        difference = part[name].astype(int) - whole[40:41, 20:60]
        # The networks' rounding depends on their batch by 1e-6 wt%, which may cross half a step.
        assert np.abs(difference).max() <= (1 if name.endswith("cnn") or name == "mg_number" else 0)


def test_equations_alone_give_the_same_equation_maps(
    dn: npt.NDArray[np.int16], codes: dict[str, npt.NDArray[Any]]
) -> None:
    alone = Kernel(Scaling(SCALING, 0.0, MISSING), QIU2025)(dn)
    assert set(alone) == {"feo_equation", "tio2_equation", "omat", "quality"}
    for name in ("feo_equation", "tio2_equation", "omat"):
        assert np.array_equal(alone[name], codes[name])


def test_a_shard_without_a_measurement_is_missing_in_every_map(kernel: Kernel) -> None:
    codes = kernel(np.full((5, 8, 9), MISSING, dtype=np.int16))
    assert all((values == FILL).all() for name, values in codes.items() if name != "quality")
    assert (codes["quality"] == flags()["missing_input"]).all()


@pytest.mark.parametrize("name", list(QUANTITIES))
def test_codes_err_by_half_a_step_at_most(name: str) -> None:
    step = QUANTITIES[name].step
    values = np.linspace(0, min(100, (FILL - 1) * step), 20_001).astype(np.float32)
    kept = np.minimum(values.astype(float), (FILL - 1) * step)
    assert np.abs(encode(values, name) * step - kept).max() <= 0.5 * step * 1.02
    assert encode(np.array([np.nan], dtype=np.float32), name)[0] == FILL


def test_mass_fractions_are_kept_to_half_a_thousandth_of_a_percent() -> None:
    steps = {name: quantity.step for name, quantity in QUANTITIES.items() if quantity.oxide}
    assert len(steps) == 7
    assert max(steps.values()) / 2 <= 0.0005


def test_mg_number_of_pure_forsterite_and_fayalite() -> None:
    # Fo100: MgO 57.3 wt%, FeO 0; Fo50 by moles has equal moles of both.
    mgo, feo = np.array([57.3, 40.304, 0, 0], np.float32), np.array([0, 71.844, 70.5, 0], np.float32)
    assert mg_number(mgo=mgo, feo=feo) == pytest.approx([1.0, 0.5, 0.0, math.nan], nan_ok=True)


def test_chance_of_mg_number_is_that_of_draws() -> None:
    """To 2 %: that of 100 000 draws is known to 0.3 %, and Mg# bends by less over such chances."""
    random = np.random.default_rng(3)
    mgo, feo = random.normal(8.0, 0.12, 100_000), random.normal(12.0, 0.35, 100_000)
    told = chance_of_mg_number(*(np.array([value]) for value in (8.0, 12.0, 0.12, 0.35)))
    assert told == pytest.approx(mg_number(mgo, feo).std(), rel=0.02)
    assert np.isnan(chance_of_mg_number(*(np.array([value]) for value in (8.0, 0.0, 0.1, 0.0))))


def test_each_map_ends_at_what_is_possible_and_no_mg_number_is_made_of_an_end() -> None:
    """FeO 57.7 wt% is no rock, and FeO below 0 would make an Mg# of 1."""
    wanted = [(-1, 5, 20, 8, 12), (57.7, 5, 20, 8, 12), (10, -2, 40, 8, 25), (10, 5, 20, 8, 12)]
    names = tuple(f"{oxide}_cnn" for oxide in OXIDES)
    networks = Networks(names, lambda spectra, distance: np.array(wanted, dtype=np.float32).T)
    dn = np.tile(np.array([600, 1100, 1150, 1170, 1200], dtype=np.int16)[:, None, None], (1, 1, 4))
    codes = Kernel(Scaling(SCALING, 0.0, MISSING), QIU2025, networks=networks)(dn)
    values = {name: codes[name][0] * QUANTITIES[name].step for name in names}
    assert values["feo_cnn"] == pytest.approx([0, 30, 10, 10])
    assert [values[f"{oxide}_cnn"][2] for oxide in ("tio2", "al2o3", "cao")] == pytest.approx([0, 37, 21])
    clipped = [
        {name for name, bit in flags().items() if quality & bit and name.endswith("cnn_clipped")}
        for quality in codes["quality"][0].tolist()
    ]
    assert clipped[:2] == [{"feo_cnn_clipped"}] * 2
    assert clipped[2:] == [{"tio2_cnn_clipped", "al2o3_cnn_clipped", "cao_cnn_clipped"}, set()]
    assert (codes["mg_number"][0] == FILL).tolist() == [True, True, False, False]
