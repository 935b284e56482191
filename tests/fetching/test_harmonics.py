"""Models and shapes by pyshtools: what comes is what the readers read, and what went wrong is said."""

from pathlib import Path

import fsspec
import numpy as np
import pyshtools
import pytest
from pyshtools.shclasses import SHGravRealCoeffs

from lunarcloud.archive.gravity import GM_MOON, read_gravity
from lunarcloud.archive.topography import RadiusHarmonics, read_topography
from lunarcloud.errors import InputError, StoreError
from lunarcloud.fetching import PYSHTOOLS, fetch_harmonics


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> SHGravRealCoeffs:
    """What pyshtools would fetch as GRGM1200B, whole."""
    table = np.zeros((2, 4, 4))
    table[0, 0, 0], table[0, 2, 0] = 1.0, -9.1e-5
    model = pyshtools.SHGravCoeffs.from_array(table, gm=GM_MOON, r0=1_738_000.0)
    monkeypatch.setattr(pyshtools.datasets.Moon, "GRGM1200B", lambda lmax: {-1: model}[lmax])
    return model


def test_a_fetched_model_is_what_the_reader_reads(model: SHGravRealCoeffs, tmp_path: Path) -> None:
    path = fetch_harmonics("grgm1200b", tmp_path / "new")
    assert path == str(tmp_path / "new" / "GRGM1200B.sh")
    np.testing.assert_array_equal(read_gravity(path).table, model.coeffs)


def test_a_model_goes_into_a_store(model: SHGravRealCoeffs) -> None:
    path = fetch_harmonics("grgm1200b", "memory://models")
    np.testing.assert_array_equal(read_gravity(path).table, model.coeffs)
    fsspec.filesystem("memory").rm("/models", recursive=True)


def test_a_fetched_shape_is_topography(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    heights = np.zeros((2, 4, 4))
    heights[0, :, 0] = 1_737_151.0, 500.0, 300.0, 100.0
    shape = pyshtools.SHCoeffs.from_array(heights)
    monkeypatch.setattr(pyshtools.datasets.Moon, "LOLA_shape", lambda lmax: shape)
    found = read_topography(fetch_harmonics("lola_shape", tmp_path))
    assert isinstance(found, RadiusHarmonics)
    np.testing.assert_array_equal(found.table, heights)


def test_fetch_without_a_network_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # Port 9 discards; nothing listens there.
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setattr("pyshtools.datasets.Moon._os_cache", lambda name: tmp_path / "cache")
    with pytest.raises(StoreError, match=r"cannot download GRGM900C from https://\S+.*is there a network"):
        fetch_harmonics("GRGM900C", tmp_path)


def test_only_what_pyshtools_has_is_fetched_by_it(tmp_path: Path) -> None:
    assert all(hasattr(pyshtools.datasets.Moon, name) for name in PYSHTOOLS.values())
    with pytest.raises(InputError, match=r"no model or shape named 'maria'; there are grgm900c, .*gl1800f"):
        fetch_harmonics("maria", tmp_path)
