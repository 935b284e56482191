"""What slow pods import before anything else, as ``sitecustomize``: shards take longer and are noted.

No figures are drawn there. The rest of the package knows nothing of it. Variables: ``NOTES`` is the folder of
the notes, ``PAUSE`` the seconds more of a shard of full resolution, ``BETWEEN`` those before each two dozen
shards, ``HUNGRY`` who eats all memory at the first shard: ``once``, or whoever comes (``always``).
"""

import os
import time

_TOO_MUCH = 4 * 2**30


def _patch(notes: str, pause: float) -> None:
    from lunarcloud.engine import Session, Work, shards
    from lunarcloud.errors import NotFoundError
    from lunarcloud.moon import Shard
    from lunarcloud.processes import map as map_process
    from lunarcloud.storage import Group, folder

    compute, compute_all = shards.ShardTask.__call__, Session.compute

    def slowly(task: shards.ShardTask, shard: Shard) -> None:
        # As a word: north/0 of maps.zarr/north/0.
        level = task.group.place.url.rpartition(".zarr/")[2].replace("/", ".")
        name = f"{level}-{shard.row}-{shard.col}"
        try:
            # Of a shard that is done, and whose result was lost on its way, nothing is computed.
            task.group.ledger.entry(shard)
        except NotFoundError:
            folder(notes).write(f"{name}-{time.time_ns()}-{os.environ['LUNARCLOUD_POD_NAME']}", b"")
            time.sleep(pause if level == "0" else 0)
        if name == "0-0-0" and _is_hungry():
            bytearray(_TOO_MUCH)[:: 2**12] = b"1" * (_TOO_MUCH // 2**12)
        compute(task, shard)

    def _is_hungry() -> bool:
        hungry = os.environ.get("HUNGRY", "")
        return hungry == "always" or (hungry == "once" and folder(f"{notes}-eaten").create("all", b""))

    def compute_in_parts(session: Session, work: Work) -> int:
        done = 0
        while work.group.missing():
            time.sleep(float(os.environ["BETWEEN"]))
            done += compute_all(session, work)
        return done

    shards.ShardTask.__call__ = slowly  # type: ignore[method-assign, assignment]  # the tasks of this pod
    if "BETWEEN" in os.environ:
        missing = Group.missing
        Group.missing = lambda group: missing(group)[:24]  # type: ignore[method-assign, assignment]
        Session.compute = compute_in_parts  # type: ignore[method-assign, assignment]
    map_process._draw = lambda run, session: {}


if "NOTES" in os.environ:
    _patch(os.environ["NOTES"], float(os.environ["PAUSE"]))
