"""What a card says of a student: when it may answer for the ensemble, and in which words it may not."""

import pytest

from lunarcloud.models.card import StudentError


def _errors(rms: float, chance: float, within_a_fifth: float) -> StudentError:
    return StudentError(
        oxide="feo",
        rms=rms,
        of_999=1.0,
        largest=1.0,
        chance=chance,
        within_a_fifth=within_a_fifth,
        chance_error=0.04,
    )


def test_a_student_near_its_ensemble_leaves_no_doubt() -> None:
    assert _errors(rms=0.1, chance=0.6, within_a_fifth=0.99).doubts == ()


@pytest.mark.parametrize(
    ("errors", "words"),
    [
        (_errors(rms=0.11, chance=0.6, within_a_fifth=1.0), "more than 0.1 wt%"),
        (_errors(rms=0.01, chance=0.04, within_a_fifth=1.0), "more than a fifth of the chance of 0.040 wt%"),
        (
            _errors(rms=0.01, chance=0.6, within_a_fifth=0.98),
            "at 2.0% of the pixels more than a fifth of their chance",
        ),
    ],
)
def test_each_way_to_be_far_from_it_is_a_doubt_in_words(errors: StudentError, words: str) -> None:
    assert errors.doubts == (words,)
