"""Features of the shipped gazetteer are found by name."""

import pytest

from lunarcloud.archive.gazetteer import feature
from lunarcloud.errors import NotFoundError


def test_maria_are_told_from_other_features() -> None:
    assert feature("oceanus procellarum").is_mare
    assert feature("Mare Tranquillitatis").is_mare
    assert not feature("Sinus Iridum").is_mare
    assert not feature("Tycho").is_mare


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(NotFoundError, match="Mare Nostrum"):
        feature("Mare Nostrum")
