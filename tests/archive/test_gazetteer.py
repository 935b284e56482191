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


@pytest.mark.parametrize(
    ("typed", "meant"), [("Mare Tranquilitatis", "Mare Tranquillitatis"), ("mare imbrum", "Mare Imbrium")]
)
def test_a_misspelt_name_is_answered_with_the_right_one(typed: str, meant: str) -> None:
    with pytest.raises(NotFoundError, match=f"did you mean .*{meant}"):
        feature(typed)


def test_a_name_like_no_other_is_answered_with_what_there_is() -> None:
    with pytest.raises(NotFoundError, match="there are Oceanus Procellarum, "):
        feature("Xyzzy")
