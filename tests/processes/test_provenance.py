"""Process provenance: the place a sample could come from, or why there is none."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from lunarcloud.archive import SAMPLE_60639
from lunarcloud.engine import Cluster
from lunarcloud.errors import InputError
from lunarcloud.models import QIU2025, Accuracy, Card, Model, Score
from lunarcloud.processes import Outcome
from lunarcloud.processes.provenance import PROCESS, widened
from lunarcloud.testing.make import make


def test_the_place_is_named(
    truth_root: str, cluster: Cluster, require_pictures: Callable[[Outcome], None]
) -> None:
    inputs: dict[str, Any] = {"run": "true", "sample": "60639", **SAMPLE_60639}
    found = make("provenance", truth_root, cluster, **inputs)
    card = found.record.card
    assert card.facts["largest_patch"] == "south-western Mare Tranquillitatis"
    assert card.facts["most_area"] == "Mare Tranquillitatis"
    assert card.tables["features"].rows[0][0] == "Mare Tranquillitatis"
    require_pictures(found)


def test_an_empty_answer_shows_what_each_range_excludes(
    truth_root: str, cluster: Cluster, require_pictures: Callable[[Outcome], None]
) -> None:
    inputs: dict[str, Any] = {"feo": (16.0, 18.0), "mgo": (5.5, 6.2), "cao": (8.0, 20.0)}
    found = make("provenance", truth_root, cluster, run="true", **inputs)
    card = found.record.card
    assert (card.facts["matching_km2"], card.facts["largest_patch"]) == (0.0, "none")
    table = card.tables["ranges"]
    rows = {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    # Either of these two shuts out all that the others leave, CaO nothing.
    assert rows["feo_cnn"]["without_it_km2"] > 0
    assert rows["feo_cnn"]["excludes_per_cent"] == rows["mgo_cnn"]["excludes_per_cent"] == 100.0
    assert rows["cao_cnn"]["without_it_km2"] == 0.0
    require_pictures(found)


def test_an_ensemble_tells_what_chance_allows(
    of_synthetic_tiles: dict[str, Outcome], require_pictures: Callable[[Outcome], None]
) -> None:
    found = of_synthetic_tiles["provenance"]
    facts, tables = found.record.card.facts, found.record.card.tables
    assert facts["fitting_km2"] > facts["matching_km2"] > 0
    assert 0 < facts["chance_km2"] < facts["matching_km2"]
    table = tables["groups"]
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    assert [row["weighted_km2"] for row in rows] == sorted(
        (row["weighted_km2"] for row in rows), reverse=True
    )
    assert 0 < sum(row["likely_per_cent"] for row in rows) <= 100 + 1e-9
    require_pictures(found)


def test_ranges_are_widened_by_what_the_maps_err_at_stations_left_out() -> None:
    score = Score(rmse=1.5, r2=0.9)
    accuracy = Accuracy(kind="cnn", oxide="feo", stations=49, training=score, loocv=score)
    model = Model(id="m", card=Card(equations=QIU2025, accuracy=(accuracy,)), onnx=None)
    given = {"feo_cnn": (16.0, 19.9), "mg_number": (0.4, 0.5)}
    assert widened(given, 2.0, model) == {"feo_cnn": (13.0, pytest.approx(22.9)), "mg_number": (0.4, 0.5)}
    assert widened({"feo_cnn": (1.0, 2.0)}, 1.0, model) == {"feo_cnn": (0.0, 3.5)}
    with pytest.raises(InputError, match=r"--tolerance 1: model m .* tio2_cnn"):
        widened({"tio2_cnn": (1.0, 2.0)}, 1.0, model)


@pytest.mark.parametrize("typed", ["15:inf", "-inf:16", "nan:16"])
def test_a_range_without_an_end_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError, match="finite number"):
        PROCESS.inputs.model_validate({"feo": typed})
