"""Inputs: a bad value is named as it was typed, before anything runs."""

from typing import Any

import pytest

from lunarcloud.errors import InputError
from lunarcloud.processes import checked, field_name, load_process


@pytest.mark.parametrize(
    ("process", "values", "complaint"),
    [
        ("reduce", {"sampling": "guess"}, "--sampling 'guess'"),
        ("polar", {"limit": 95.0}, "--limit 95.0"),
        ("polar", {"pole": "west"}, "--pole 'west'"),
        ("polar", {"pixel_m": -1}, "--pixel -1"),
        ("provenance", {}, "give at least one range"),
        ("provenance", {"maps": {"sio2": (40, 50)}}, "'sio2' is no map"),
        ("reduce", {"colour": "red"}, "colour: there is no such input; there are run, exclude, maria,"),
        ("provenance", {"feo": "a:b"}, r"^--feo 'a:b': write LOW:HIGH, two numbers such as 16:19\.9$"),
        ("provenance", {"feo": "1:2:3"}, r"^--feo '1:2:3': write LOW:HIGH"),
        (
            "gravity",
            {"degrees": "60:many"},
            r"^--degrees '60:many': write LOW:HIGH, two numbers such as 60:6",
        ),
        ("ingest", {"tiles": ("tiles",)}, "--ppd must be given: pixels per degree"),
    ],
)
def test_inputs_out_of_range_are_refused(process: str, values: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        checked(load_process(process).inputs, values)


def test_a_program_is_told_its_own_name_of_an_input() -> None:
    with pytest.raises(InputError, match=r"^pixel_m -1: "):
        checked(load_process("polar").inputs, {"pixel_m": -1}, field_name)
