"""Progress of shards in the terminal: done, Mpixel/s, time left; silent where nobody watches."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress


@dataclass(frozen=True, slots=True)
class Progress:
    """A running bar; make one with `show_progress`.

    Attributes
    ----------
    bar : rich.progress.Progress
        What is drawn.
    task : rich.progress.TaskID
        Its one line, which holds the pixels done.
    """

    bar: RichProgress
    task: TaskID

    def advance(self, pixels: int) -> None:
        """Note one more finished shard of so many pixels."""
        done = self.bar.tasks[self.task]
        pixels += int(done.fields["pixels"])
        # Over the whole time and not the last moments: shards end in bursts, one a thread.
        elapsed = done.elapsed or 0.0
        rate = pixels / elapsed / 1e6 if elapsed else 0.0
        self.bar.update(self.task, advance=1, pixels=pixels, rate=f"{rate:.1f} Mpixel/s")


@contextmanager
def show_progress(title: str, shards: int) -> Iterator[Progress]:
    """A progress bar over so many shards on the error stream, for the length of a ``with`` block.

    The rate and the time left count only what this command computes, so they hold after a resume too.
    """
    # Not where the result goes: what is piped on from standard output must stay clean.
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("shards"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with RichProgress(*columns, console=console, disable=not console.is_terminal) as bar:
        yield Progress(bar, bar.add_task(title, total=shards, pixels=0, rate=""))
