"""How tasks are run, in one place: how many in flight, how often again, and how workers keep memory.

What holds where: the allocator and `ALLOWED_DEATHS` are given to the local clusters that are started here. A
cluster that somebody else started has its own allocator (images should set these variables) and Dask's own
limit of deaths, by default 3; there the stream submits an item anew until `ALLOWED_DEATHS` are used up.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

#: Tasks in flight at least, whatever the number of workers: a cluster that adds workers where it sees work
#: would otherwise see none, and stay small.
LEAST_IN_FLIGHT = 256
#: Workers that may die while they compute an item, before it is the item that is taken for the cause.
ALLOWED_DEATHS = 10
#: Times that an item is tried again after a fault of the store that may pass; the task itself has waited and
#: tried before (settings ``retries`` and ``patience_s``).
TRIES_AGAIN = 2

# Dask has glibc give all memory back after each use and ask for it anew, which took half of the equations'
# time and more of ingest's. So it keeps what is smaller than a shard's array, in one arena instead of one
# for each thread, and gives the arrays back: about 40 MB a process more, however long the run. Other systems
# ignore this.
ALLOCATOR: Mapping[str, int] = MappingProxyType(
    {
        "MALLOC_ARENA_MAX": 1,
        "MALLOC_MMAP_THRESHOLD_": 8 * 2**20,
        "MALLOC_TRIM_THRESHOLD_": 16 * 2**20,
    }
)
