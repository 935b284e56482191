"""Trying again after a storage fault that may pass."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from lunarcloud.config import settings
from lunarcloud.errors import TransientStoreError

Result = TypeVar("Result")


def with_retries(action: Callable[[], Result]) -> Result:
    """The result of an action, tried again with growing pauses after a `TransientStoreError`.

    The pauses double from the setting ``backoff_s`` and are spread at random, so that many workers do not
    come back to a struggling store all at once.
    """
    pause = settings().backoff_s
    for _ in range(settings().retries):
        try:
            return action()
        except TransientStoreError:
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - no secret, only spread
            pause *= 2
    return action()
