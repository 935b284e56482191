"""A lease: who works on something, so that others need not. It saves work; correctness does not need it.

Whoever has it counts on; whoever sees the count stand still for long enough, on a clock of their own, takes
it over. No clock is compared with another.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from pydantic import BaseModel, ConfigDict

from lunarcloud.errors import LunarcloudError, NotFoundError
from lunarcloud.lineage import Root
from lunarcloud.reprocessing.clock import Clock
from lunarcloud.storage import read_document

#: The folder under the root.
LEASES = "leases"
#: Seconds between two counts, and after which one that stands still is that of somebody dead.
RENEW_S, DEAD_S = 20.0, 90.0

_LOGGER = logging.getLogger("lunarcloud")
_ASK_S = 5.0


class Hold(BaseModel):
    """Who has a lease: ``<root>/leases/<name>.json``; nobody where there is no holder."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    holder: str = ""
    counter: int = 0


def taken(present: Hold, holder: str, dead: Hold | None) -> Hold:
    """A lease after somebody tried to take it: theirs, if nobody has it or whoever has it is dead.

    Parameters
    ----------
    present : Hold
        As it is.
    holder : str
        Who tries.
    dead : Hold, optional
        As it was seen to stand still for too long.
    """
    if present.holder in ("", holder) or present == dead:
        return Hold(holder=holder, counter=present.counter + 1)
    return present


def renewed(present: Hold, holder: str) -> Hold:
    """A lease after its holder counted on; unchanged where it is another's by now."""
    is_theirs = present.holder == holder
    return Hold(holder=holder, counter=present.counter + 1) if is_theirs else present


def released(present: Hold, holder: str) -> Hold:
    """A lease after its holder gave it back; unchanged where it is another's by now."""
    return Hold(counter=present.counter + 1) if present.holder == holder else present


class Lease:
    """A lease under a root.

    Parameters
    ----------
    root : Root
        Where.
    name : str
        Of what.
    holder : str
        Who wants it: another for each process.
    clock : Clock
        Of the observer.
    """

    def __init__(self, root: Root, name: str, holder: str, clock: Clock) -> None:
        #: Whether somebody else took it over since.
        self.is_lost = False
        self._place, self._key = root.folder / LEASES, f"{name}.json"
        self._holder, self._clock = holder, clock

    def take(self) -> Hold:
        """Take it, or find out who has it: ours if the holder is ours.

        Somebody who has it is watched for as long as the dead are waited for, or until they count on.
        """
        first: Hold | None = None
        dead: Hold | None = None
        since = self._clock.monotonic()
        while True:
            present = self._update(partial(taken, holder=self._holder, dead=dead))
            # One who counts on lives; who has it now that it was given back or taken over, lives too.
            if present.holder == self._holder or (first is not None and present != first):
                return present
            first = present
            self._clock.sleep(_ASK_S)
            dead = present if self._clock.monotonic() - since >= DEAD_S else None

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Count on while the block runs, and give it back in the end."""
        over = threading.Event()
        thread = threading.Thread(target=self._count_on, args=(over,), name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            self._update(partial(released, holder=self._holder))

    def _count_on(self, over: threading.Event) -> None:
        while not over.wait(RENEW_S) and not self.is_lost:
            try:
                found = self._update(partial(renewed, holder=self._holder))
            except LunarcloudError as error:
                # The work itself may still go well: it tries again by itself.
                _LOGGER.warning("the lease could not be renewed: %s", error)
            else:
                self.is_lost = found.holder != self._holder

    def _update(self, change: Callable[[Hold], Hold]) -> Hold:
        def rewritten(data: bytes | None) -> bytes:
            present = Hold() if data is None else Hold.model_validate_json(data)
            return change(present).model_dump_json().encode()

        return Hold.model_validate_json(self._place.update(self._key, rewritten))


def who_holds(root: Root, name: str) -> Hold:
    """Who has a lease now, as far as is known; nobody if it was never taken."""
    try:
        return read_document(root.folder / LEASES, f"{name}.json", Hold)
    except NotFoundError:
        return Hold()
