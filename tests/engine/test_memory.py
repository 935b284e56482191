"""The memory that a plan asks for."""

import pytest

from lunarcloud.engine import MemoryPlan
from lunarcloud.errors import InputError


def test_the_memory_that_a_refusal_asks_for_is_enough() -> None:
    plan, limit = MemoryPlan(task=300 * 2**20, process=50 * 2**20), 500 * 2**20
    with pytest.raises(InputError, match="2 threads need 900 MiB") as refused:
        plan.require("w", 2, limit)
    asked = int(str(refused.value).split("LUNARCLOUD_MEMORY_LIMIT to ")[1].split()[0])
    plan.require("w", 2, asked * 2**20)
    plan.require("w", 2, 0)
