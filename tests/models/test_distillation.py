"""Perceptrons taught what is said of spectra: how near they come, and what their files say."""

import subprocess
import sys

import numpy as np
import numpy.typing as npt
import pytest

from lunarcloud.models import QIU2025, predict, session
from lunarcloud.models.distillation import Lesson, distil
from lunarcloud.models.graph import Perceptron, perceptron_graph
from lunarcloud.models.inputs import network_inputs
from lunarcloud.models.samples import Samples
from lunarcloud.models.training import Teaching

Array = npt.NDArray[np.float64]
SETTINGS = Teaching(hidden=(32,), epochs=60, batch=256)
TOLERANCE = 0.2


def _mixtures(stations: Samples, number: int, seed: int) -> Array:
    """Spectra (band, n) between those of the stations."""
    random = np.random.default_rng(seed)
    chosen = random.integers(0, len(stations.sites), (number, 3))
    shares = random.dirichlet(np.ones(3), number)
    mixtures: Array = np.einsum("bnm,nm->bn", stations.reflectance[:, chosen], shares)
    return mixtures


def _truth(reflectance: Array) -> tuple[Array, Array]:
    """A smooth value (1, n) as large as an oxide, and one above 0."""
    brightness, colour = reflectance[1], reflectance[0] / reflectance[1]
    value = 40.0 * np.exp(-8.0 * brightness) + 3.0 * np.sin(12.0 * colour)
    return value[None], np.exp(3.0 * colour - 10.0 * brightness)[None]


def _lesson(reflectance: Array) -> Lesson:
    value, above_0 = _truth(reflectance)
    return Lesson(network_inputs(reflectance, QIU2025), value, np.full_like(value, TOLERANCE), above_0)


def _by_file(taught: Perceptron, reflectance: Array) -> npt.NDArray[np.float32]:
    """Columns (column, n) as a map is made of them."""
    return predict(session(perceptron_graph(taught, {})), reflectance.T.astype(np.float32)).T


@pytest.fixture(scope="module")
def taught(stations: Samples) -> Perceptron:
    """A perceptron of one value and one logarithm."""
    return distil(_lesson(_mixtures(stations, 3000, 1)), QIU2025, SETTINGS, seed=0)


@pytest.fixture(scope="module")
def fresh(stations: Samples) -> Array:
    """Spectra that it was not taught."""
    return _mixtures(stations, 500, 2)


def test_a_smooth_function_is_learnt_to_a_fraction_of_the_tolerance(taught: Perceptron, fresh: Array) -> None:
    (value, above_0), said = _truth(fresh), _by_file(taught, fresh)
    assert np.sqrt(np.mean((said[0] - value[0]) ** 2)) < TOLERANCE / 4
    assert np.sqrt(np.mean((said[1] / above_0[0] - 1) ** 2)) < 0.05


def test_file_says_what_the_layers_say_in_double_precision(taught: Perceptron, fresh: Array) -> None:
    scores = layer = taught.inputs.apply(network_inputs(fresh, QIU2025))
    for kernel, bias in zip(taught.kernels[:-1], taught.biases[:-1], strict=True):
        layer = np.maximum(kernel.astype(np.float64) @ layer + bias[:, None], 0.0)
    last = taught.kernels[-1].astype(np.float64) @ np.concatenate([layer, scores])
    value, logarithm = last + taught.biases[-1][:, None]
    expected = [taught.values.undo(value[None])[0], np.exp(taught.logarithms.undo(logarithm[None])[0])]
    np.testing.assert_allclose(_by_file(taught, fresh), expected, rtol=0, atol=1e-3)


def test_same_lesson_gives_the_same_bytes(stations: Samples, taught: Perceptron) -> None:
    again = distil(_lesson(_mixtures(stations, 3000, 1)), QIU2025, SETTINGS, seed=0)
    assert perceptron_graph(again, {}) == perceptron_graph(taught, {})


def test_a_spectrum_that_occurs_once_does_not_rule(stations: Samples, fresh: Array) -> None:
    lesson = _lesson(_mixtures(stations, 3000, 1))
    lesson.values[0, 7] += 1000 * TOLERANCE
    said = _by_file(distil(lesson, QIU2025, SETTINGS, seed=0), fresh)
    assert np.sqrt(np.mean((said[0] - _truth(fresh)[0][0]) ** 2)) < TOLERANCE


def test_logarithms_alone_can_be_learnt(stations: Samples, fresh: Array) -> None:
    lesson, nothing = _lesson(_mixtures(stations, 3000, 1)), np.empty((0, 3000))
    taught = distil(lesson._replace(values=nothing, tolerances=nothing), QIU2025, SETTINGS, seed=0)
    said = _by_file(taught, fresh)
    assert said.shape == (1, 500)
    assert np.sqrt(np.mean((said / _truth(fresh)[1] - 1) ** 2)) < 0.05


def test_fewer_spectra_than_a_batch_are_learnt_from(stations: Samples) -> None:
    few = _mixtures(stations, 20, 3)
    said = _by_file(distil(_lesson(few), QIU2025, SETTINGS, seed=0), few)
    assert np.isfinite(said).all()
    assert np.abs(said[0] - _truth(few)[0][0]).mean() < np.std(_truth(few)[0])


_ON = """
import hashlib, os
if {one_core} and hasattr(os, "sched_setaffinity"):  # not on macOS
    os.sched_setaffinity(0, {{min(os.sched_getaffinity(0))}})
import numpy as np
from lunarcloud.models.distillation import Lesson, distil
from lunarcloud.models.equations import QIU2025
from lunarcloud.models.training import Teaching
x = np.random.default_rng(4).normal(0.2, 0.05, (6, 3000))
values = np.sin(20 * x[:2])
lesson = Lesson(x, values, np.ones_like(values), np.exp(x[:3]))
made = distil(lesson, QIU2025, Teaching(hidden=(96, 96), epochs=2), 0)
print(hashlib.sha256(b"".join(each.tobytes() for each in (*made.kernels, *made.biases))).hexdigest())
"""


def test_bits_do_not_depend_on_the_number_of_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    # Each compiles for itself.
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR")
    found = {
        subprocess.run(
            [sys.executable, "-c", _ON.format(one_core=one_core)], check=True, capture_output=True, text=True
        ).stdout
        for one_core in (True, False)
    }
    assert len(found) == 1
