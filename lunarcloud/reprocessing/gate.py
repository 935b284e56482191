"""The gate: whether a new model moves the maps at all, seen on a fixed sample of the mosaic beforehand.

What was measured is kept under the root, ``reprocess/gates/<run>-<old>-<new>.json``: it is asked for as often
as somebody looks, and measured once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from lunarcloud.errors import NotFoundError
from lunarcloud.lineage import Entry, Root
from lunarcloud.reprocessing.plan import Plan, keeping, newer_parents, plan_between

#: The folder under the root.
GATES = "reprocess/gates"
#: Blocks of the sample and the edge of each in pixels: 100 000 pixels in 40 reads.
BLOCKS, EDGE = 40, 50
#: The share of the pixels that must not move by more than the tolerance.
SHARE = 0.99

# By how much a map moves that only one of the models gives, wt%.
_ALL_WT = 100.0
_PROCESS, _ROLE = "map", "model"


def without_kept(root: Root, plan: Plan, tolerance: float) -> Plan:
    """A plan without the runs that are good enough as they are, as far as that was measured.

    Parameters
    ----------
    root : Root
        Where.
    plan : Plan
        What would be due.
    tolerance : float
        wt%; 0: nothing is good enough.
    """
    wanted = plan.wanted
    for due in plan.due if tolerance else ():
        newer = newer_parents(wanted, due.entry)
        moved = _read(root, due.entry, newer) if _is_asked(due.entry, newer) else None
        if moved is not None and max(moved.values()) <= tolerance:
            wanted = keeping(wanted, due.entry)
    return plan if wanted is plan.wanted else plan_between(plan.before, wanted)


def moved_at_most(
    root: Root, entry: Entry, newer: Mapping[str, Entry], tolerance: float
) -> dict[str, float] | None:
    """By how much a newer model moves the maps of a run, wt%, if by no more than allowed; else None.

    Parameters
    ----------
    root : Root
        Where.
    entry : Entry
        What would be made again: only runs are looked at, and only where nothing but the model is newer.
    newer : mapping of str to Entry
        Its newer parents.
    tolerance : float
        wt%; 0: nothing is good enough.
    """
    if not tolerance or not _is_asked(entry, newer):
        return None
    moved = _read(root, entry, newer)
    if moved is None:
        moved = _measured(root, entry, newer[_ROLE])
        data = json.dumps(moved, indent=1).encode()
        (root.folder / GATES).write(_key(entry, newer), data)
    return moved if max(moved.values()) <= tolerance else None


def _is_asked(entry: Entry, newer: Mapping[str, Entry]) -> bool:
    # One that is built in has no record.
    return entry.process == _PROCESS and list(newer) == [_ROLE]


def _key(entry: Entry, newer: Mapping[str, Entry]) -> str:
    old, new = entry.parents[_ROLE].digest, newer[_ROLE].digest
    return f"{entry.ref.id}-{old[:16]}-{new[:16]}.json"


def _read(root: Root, entry: Entry, newer: Mapping[str, Entry]) -> dict[str, float] | None:
    try:
        found: dict[str, float] = json.loads((root.folder / GATES).read(_key(entry, newer)))
    except NotFoundError:
        return None
    return found


def _measured(root: Root, run: Entry, new: Entry) -> dict[str, float]:
    """By oxide map, by how much 99 of 100 pixels of the sample move at most, wt%."""
    import numpy as np

    from lunarcloud.maps import decode, plan_maps, sampled_codes
    from lunarcloud.processes import model_of, mosaic_of
    from lunarcloud.quantities import QUANTITIES

    mosaic = mosaic_of(root, root.find("mosaics", run.parents["mosaic"].ref.id))
    models = (model_of(root, parent.ref.id).model for parent in (run.parents[_ROLE], new.as_parent()))
    old, now = (sampled_codes(plan_maps(mosaic, model), BLOCKS, EDGE) for model in models)
    moved = {}
    oxides = {name for name, quantity in QUANTITIES.items() if quantity.oxide is not None}
    for name in oxides & (old.keys() | now.keys()):
        if name not in old or name not in now:
            moved[name] = _ALL_WT
            continue
        difference = np.abs(decode(now[name], name) - decode(old[name], name))
        known = difference[np.isfinite(difference)]
        moved[name] = float(np.quantile(known, SHARE)) if known.size else 0.0
    return dict(sorted(moved.items()))
