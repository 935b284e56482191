"""An elastic cluster of up to 16 worker processes, from 0 to 0: many short shards, and fewer long ones.

    python -m benchmarks.autoscale [--workers 16]

Beside it, in the same run, what Dask does by itself: its own `Adaptive`, which may take busy workers away,
and two tasks in flight for each thread there is. Shards sleep, so that 16 workers fit a small machine; what
is computed there is the start of each worker, so more cores give smaller numbers. Time is from the first
request to the last result, worker-seconds until no worker is left.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any
from unittest.mock import patch

from distributed import Adaptive

from benchmarks._results import report
from lunarcloud.engine import Cluster, Event, MemoryPlan, Pool, Session, ShardDone
from lunarcloud.engine.stream import Limits
from lunarcloud.testing.processes import ProcessSource

#: Shards, and how long each takes, seconds.
WORKS = ((600, 0.2), (240, 5.0))


@dataclass(frozen=True)
class Sleep:
    """A shard that takes its time; each start is noted in a file."""

    log: Path
    seconds: float

    def __call__(self, item: int) -> int:
        """Note it, and sleep."""
        with self.log.open("a") as log:
            log.write(f"{item}\n")
        time.sleep(self.seconds)
        return item


@contextmanager
def ours() -> Iterator[None]:
    """256 tasks in flight at least, only idle workers taken away."""
    yield


@contextmanager
def dask() -> Iterator[None]:
    """Two tasks in flight for each thread, Dask's choice of workers, after its three looks."""
    with (
        patch("lunarcloud.engine.elastic.IdleOnly", Adaptive),
        patch("lunarcloud.engine.elastic._IDLE_LOOKS", 3),
        patch("lunarcloud.engine.driver.Limits", partial(Limits, least=1)),
    ):
        yield


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--workers", type=int, default=16)
    workers = arguments.parse_args().workers
    rows: list[dict[str, Any]] = []
    for (shards, seconds), way in product(WORKS, (ours, dask)):
        with way(), tempfile.TemporaryDirectory() as place:
            measured = _measure(Path(place), shards, seconds, workers)
        ideal = shards * seconds
        named = {"shards": shards, "s a shard": seconds, "way": way.__name__}
        rows.append({**named, **measured, "worker-s : work": round(measured["worker-s"] / ideal, 2)})
        print(rows[-1], flush=True)
    for one, other in zip(rows[::2], rows[1::2], strict=True):
        one["times as fast"] = round(other["s"] / one["s"], 1)
    report("from 0 workers to 0", rows, of=__file__, packages=("dask", "distributed"))


def _measure(place: Path, shards: int, seconds: float, workers: int) -> dict[str, float]:
    source, most = ProcessSource(place / "workers"), [0]

    def watch(event: Event) -> None:
        if isinstance(event, ShardDone):
            most[0] = max(most[0], len(source.running))

    log = place / "log"
    pool = Pool(source=source, host="127.0.0.1", maximum=workers)
    with Session(Cluster(pool=pool), watch) as session:
        start, memory = time.perf_counter(), MemoryPlan(task=1)
        sleep = Sleep(log, seconds)
        for _ in session.spread("sleep", sleep, range(shards), pixels=lambda _: 1, memory=memory):
            pass
        took = time.perf_counter() - start
        while source.running:
            time.sleep(0.1)
        gone = time.perf_counter() - start - took
    return {
        "s": round(took, 1),
        "workers at most": most[0],
        "worker-s": round(source.worker_seconds()),
        "computed again": len(log.read_text().splitlines()) - shards,
        "s until no worker is left": round(gone, 1),
    }


if __name__ == "__main__":
    main()
