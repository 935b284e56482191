"""A run in its folder: where it says that its networks extrapolate."""

import numpy as np
import xarray as xr

from lunarcloud.maps import RunCard, extrapolated

NOVELTY = xr.DataArray(np.array([[0.5, 3.0], [3.1, np.nan]]), dims=("lat", "lon"), name="novelty")

NOTHING: dict[str, xr.DataArray] = {}


def _card(limit: float | None, *maps: str) -> RunCard:
    return RunCard(ppd=4, shard_edge=2048, maps=maps, flags={}, novelty_limit=limit)


def test_networks_extrapolate_beyond_the_models_limit() -> None:
    found = extrapolated(_card(3.0, "feo_cnn", "novelty"), {"novelty": NOVELTY}.__getitem__)
    assert found is not None
    assert found.values.tolist() == [[False, False], [True, False]]


def test_a_run_without_novelty_or_limit_cannot_tell() -> None:
    assert extrapolated(_card(None, "feo_cnn", "novelty"), NOTHING.__getitem__) is None
    assert extrapolated(_card(3.0, "feo_cnn"), NOTHING.__getitem__) is None
