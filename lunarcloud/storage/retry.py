"""Trying again after a storage fault that may pass."""

import random
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from lunarcloud.config import settings
from lunarcloud.errors import TransientStoreError

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def retried(action: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """A function that is tried again, with growing pauses, after a `TransientStoreError`.

    The pauses double from the setting ``backoff_s`` and are spread at random, so that many workers do not
    come back to a struggling store all at once. It may run again although it succeeded, if the store's
    answer was lost: it must be one whose repetition does no harm.
    """

    @wraps(action)
    def repeated(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        pause = settings().backoff_s
        for _ in range(settings().retries):
            try:
                return action(*args, **kwargs)
            except TransientStoreError:
                time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - no secret, only spread
                pause *= 2
        return action(*args, **kwargs)

    return repeated
