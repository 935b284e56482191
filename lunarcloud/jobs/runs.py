"""Jobs ``runs list``, ``show`` and ``verify``: what is published, and whether it is still whole."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from lunarcloud.engine import Cluster, connect, show_progress, stream
from lunarcloud.errors import NotFoundError, StoreError
from lunarcloud.maps import Run, RunCard, find_run
from lunarcloud.moon import Shard
from lunarcloud.storage import Published, folder, read_catalog, read_shard


class Verification(BaseModel):
    """What reading every shard of a run again found.

    Attributes
    ----------
    run : str
        Id of the run.
    shards : int
        Shards of all levels.
    damaged : tuple of str
        What is wrong, naming the object.
    """

    model_config = ConfigDict(frozen=True)

    run: str
    shards: int
    damaged: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Check:
    """Finds what is wrong with a shard of a level."""

    run: Run

    def __call__(self, place: tuple[int, Shard]) -> list[str]:
        level, shard = place
        layout, group = self.run.layout(level), self.run.group(level)
        try:
            outputs = self.run.ledger(level).entry(shard).outputs
        except (StoreError, NotFoundError) as error:
            return [f"not in the ledger: {error}"]
        problems = []
        for variable in layout.variables:
            try:
                read_shard(group, layout, variable.name, shard, outputs[variable.name])
            except (StoreError, NotFoundError) as error:
                problems.append(str(error))
        return problems


def list_published(root: str) -> list[Published]:
    """Everything published under a root, oldest first."""
    return list(read_catalog(folder(root)).entries)


def show_run(root: str, name: str) -> RunCard:
    """The card of a run.

    Raises
    ------
    NotFoundError
        If there is no run of that name.
    """
    return find_run(folder(root), name).card


def verify_run(root: str, name: str, cluster: Cluster) -> Verification:
    """Read every shard of every level of a run again and compare its digest with the ledger's.

    Parameters
    ----------
    root : str
        Folder or URL.
    name : str
        Id of the run, its beginning, or ``latest``.
    cluster : Cluster
        Where to read.

    Raises
    ------
    NotFoundError
        If there is no run of that name.
    """
    run = find_run(folder(root), name)
    todo = [(level, shard) for level in range(run.levels) for shard in run.layout(level).raster.shards()]
    damaged: list[str] = []
    with connect(cluster) as client, show_progress("verify", len(todo)) as progress:
        for (level, shard), problems in stream(client, _Check(run), todo):
            rows, cols = run.layout(level).raster.window(shard).shape
            progress.advance(rows * cols)
            damaged += problems
    return Verification(run=run.card.id, shards=len(todo), damaged=tuple(sorted(damaged)))
