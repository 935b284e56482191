"""What findings share: tables for people."""

import pandas as pd
import pytest

from lunarcloud.errors import InputError
from lunarcloud.processes import checked
from lunarcloud.processes.findings import markdown, table_of
from lunarcloud.processes.reduce import ReduceInputs


def test_tables_are_legible() -> None:
    frame = pd.DataFrame({"unit": ["maria", "b"], "cells": [1234567, 8], "mean": [16.851234, float("nan")]})
    assert markdown(table_of(frame)) == (
        "| unit | cells | mean |\n| --- | --- | --- |\n| maria | 1,234,567 | 16.85 |\n| b | 8 |  |\n"
    )


def test_reasons_to_leave_pixels_out_are_words_with_commas() -> None:
    assert checked(ReduceInputs, {}).exclude == ("clipped",)
    assert checked(ReduceInputs, {"exclude": ["extrapolated,clipped"]}).exclude == ("clipped", "extrapolated")
    assert checked(ReduceInputs, {"exclude": "nothing"}).exclude == ()
    with pytest.raises(InputError, match=r"--exclude .*'clipped', 'extrapolated'"):
        checked(ReduceInputs, {"exclude": ["clouds"]})
