"""Process provenance: the place a sample could come from, or why there is none."""

from collections.abc import Callable
from typing import Any

import pytest

from lunarcloud.engine import Cluster
from lunarcloud.errors import InputError
from lunarcloud.processes import Outcome
from lunarcloud.synthetic import SAMPLE_60639
from lunarcloud.testing.make import make


def test_the_place_is_named(
    truth_root: str, cluster: Cluster, require_pictures: Callable[[Outcome], None]
) -> None:
    inputs: dict[str, Any] = {"run": "true", "sample": "60639", **SAMPLE_60639}
    found = make("provenance", truth_root, cluster, **inputs)
    card = found.record.card
    assert card.facts["best_region"] == "south-western Mare Tranquillitatis"
    assert card.tables["features"].rows[0][0] == "Mare Tranquillitatis"
    require_pictures(found)


def test_an_empty_answer_says_which_range_is_the_narrowest(truth_root: str, cluster: Cluster) -> None:
    with pytest.raises(InputError, match=r"widen them \((feo|mgo)_cnn alone leaves"):
        make("provenance", truth_root, cluster, run="true", feo=(17.0, 17.1), mgo=(4.5, 4.9))
