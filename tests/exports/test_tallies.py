"""Statistics of codes by exact sums."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from lunarcloud.exports.tallies import Tally, statistics_tags, tally

FILL = 65535


@given(some.integers(0, 2**32), some.integers(1, 300), some.integers(0, 300))
def test_parts_in_any_order_give_what_the_whole_gives(seed: int, rows: int, cut: int) -> None:
    codes = np.random.default_rng(seed).integers(0, 65536, (rows, 7)).astype(np.uint16)
    parts = [tally(part, FILL) for part in (codes[:cut], codes[cut:]) if part.size]
    forward, backward = Tally(), Tally()
    for one, other in zip(parts, reversed(parts), strict=True):
        forward, backward = forward.with_(one), backward.with_(other)
    assert forward == backward == tally(codes, FILL)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32"])
def test_they_are_numpys_own(dtype: str) -> None:
    codes = np.random.default_rng(0).integers(0, 200, (130, 9)).astype(dtype)
    values = np.where(codes == 7, np.nan, 0.5 * codes.astype(float) - 3.0)
    said = statistics_tags(tally(codes, 7), step=0.5, offset=-3.0)
    assert float(said["STATISTICS_MINIMUM"]) == np.nanmin(values)
    assert float(said["STATISTICS_MAXIMUM"]) == np.nanmax(values)
    assert float(said["STATISTICS_MEAN"]) == pytest.approx(np.nanmean(values))
    assert float(said["STATISTICS_STDDEV"]) == pytest.approx(np.nanstd(values))


def test_nothing_is_said_of_nothing() -> None:
    nothing = tally(np.full((3, 3), FILL, dtype=np.uint16), FILL)
    assert statistics_tags(nothing, step=1.0, offset=0.0) == {}
    assert nothing.with_(tally(np.ones((1, 1), dtype=np.uint16), FILL))[:4] == (10, 1, 1, 1)
