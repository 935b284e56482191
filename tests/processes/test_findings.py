"""What findings share: tables for people."""

import pandas as pd

from lunarcloud.processes.findings import markdown, table_of


def test_tables_are_legible() -> None:
    frame = pd.DataFrame({"unit": ["maria", "b"], "cells": [1234567, 8], "mean": [16.851234, float("nan")]})
    assert markdown(table_of(frame)) == (
        "| unit | cells | mean |\n| --- | --- | --- |\n| maria | 1,234,567 | 16.85 |\n| b | 8 |  |\n"
    )
