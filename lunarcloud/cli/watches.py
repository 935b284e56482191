"""Watches of a running process: a bar for people at a terminal, JSON lines for machines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from lunarcloud.engine import Event, Note, ShardDone, StageDone, Started, Watch, quiet, to_json
from lunarcloud.redaction import without_secrets


@contextmanager
def bar(of: str = "shards") -> Iterator[Watch]:
    """A watch that shows what is done, Mpixel/s and time left on the error stream, if it is a terminal.

    The rate and the time left count only what this command computes, so they hold after a resume too.

    Parameters
    ----------
    of : str
        What is counted, in the plural.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield quiet
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(of),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield _Stages(progress)


def json_lines(stream: TextIO) -> Watch:
    """A watch that writes each event as one JSON document on a line of its own."""

    def write(event: Event) -> None:
        stream.write(without_secrets(json.dumps(to_json(event))) + "\n")
        stream.flush()

    return write


class _Stages:
    """A watch that keeps a bar for each stage."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[str, TaskID] = {}

    def __call__(self, event: Event) -> None:
        match event:
            case Started():
                self._bars[event.title] = self._progress.add_task(
                    event.title, total=event.shards, pixels=0, rate=""
                )
            case ShardDone():
                self._advance(self._bars[event.title], event.pixels)
            case StageDone():
                self._progress.stop_task(self._bars.pop(event.title))
            case Note():
                self._progress.console.print(without_secrets(event.text), markup=False, highlight=False)
            case _:  # the command itself says how it ended
                pass

    def _advance(self, bar: TaskID, pixels: int) -> None:
        done = self._progress.tasks[bar]
        pixels += int(done.fields["pixels"])
        elapsed = done.elapsed or 0.0
        rate = f"{pixels / elapsed / 1e6:.1f} Mpixel/s" if elapsed else ""
        self._progress.update(bar, advance=1, pixels=pixels, rate=rate)
