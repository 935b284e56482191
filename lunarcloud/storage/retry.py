"""Trying again after a storage fault that may pass."""

import logging
import random
import time
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from lunarcloud.config import settings
from lunarcloud.errors import TransientStoreError

Where = TypeVar("Where")
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

#: Logger of what is waited for.
WAITS = "lunarcloud.waits"
_LOG = logging.getLogger(WAITS)
# However long a store has been away: it is found back within so many seconds.
_LONGEST_PAUSE_S = 30.0
# Stores that have answered this process: they are there, so a fault of theirs passes.
_ANSWERED: set[str] = set()


def retried(
    action: Callable[Concatenate[Where, Arguments], Result],
) -> Callable[Concatenate[Where, Arguments], Result]:
    """A function of a place that is tried again, with growing pauses, after a `TransientStoreError`.

    A store that has answered this process before is waited for, for the setting ``patience_s``. One that
    never has is given up after the setting ``retries``: its address may be wrong.

    The pauses double from the setting ``backoff_s`` and are spread at random, so that many workers do not
    come back to a struggling store all at once; they are as long as the server asks for, at least. It may run
    again although it succeeded, if the store's answer was lost: it must be one whose repetition does no harm.

    Parameters
    ----------
    action : callable
        Its first argument is a URL, or has one.
    """

    @wraps(action)
    def repeated(where: Where, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        return patiently(where, lambda: action(where, *args, **kwargs), time.sleep)

    return repeated


def patiently(where: object, act: Callable[[], Result], wait: Callable[[float], object]) -> Result:
    """What comes of something at last: see `retried`, which does it to a function.

    Parameters
    ----------
    where : object
        A URL, or what has one.
    act : callable
        What is tried.
    wait : callable
        Lets so many seconds pass; may raise, for whoever is no longer wanted.
    """
    store, tries, first = _store(where), 0, 0.0
    while True:
        try:
            result = act()
        except TransientStoreError as error:
            first = first or time.monotonic()
            waited = time.monotonic() - first
            if not _goes_on(store, tries, waited):
                raise
            pause = min(settings().backoff_s * 2.0**tries, _LONGEST_PAUSE_S)
            _LOG.warning("waiting for the store, %.0f s until now: %s", waited, error)
            # No secret, only spread; and what the server asks for.
            wait(max(error.wait_s, pause * random.uniform(0.5, 1.5)))  # noqa: S311
            tries += 1
        else:
            note_answer(where)
            return result


def note_answer(where: object) -> None:
    """Know from now on that a store is there: it has answered this process."""
    _ANSWERED.add(_store(where))


def _goes_on(store: str, tries: int, waited: float) -> bool:
    return tries < settings().retries or (store in _ANSWERED and waited < settings().patience_s)


def _store(where: object) -> str:
    """What may be away as one: a host or a bucket."""
    scheme, _, rest = str(getattr(where, "url", where)).partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"
