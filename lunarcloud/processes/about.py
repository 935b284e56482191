"""What all that a process makes says of itself: attributes of datasets, and what stands under figures."""

from importlib.metadata import version
from typing import Any

from lunarcloud.lineage import Given, Ref
from lunarcloud.processes.process import Process

_LICENSE = "no terms of its own: those of its sources hold; NASA's planetary data are in the public domain"
# Of more files than these only the number is said: 996 tiles are in the record.
_FILES_NAMED = 2


def about(process: Process[Any, Any, Any], ref: Ref, given: Given) -> dict[str, str]:
    """Attributes of all datasets of a record, by the names of CF and ACDD; ``note`` is figures' caption too.

    They hold nothing that differs when the record is made again: when it was made stands in the record.

    Parameters
    ----------
    process : Process
        What makes it.
    ref : Ref
        Its name.
    given : Given
        What it is made from.
    """
    made_from = _made_from(given)
    made = f"lunarcloud {version('lunarcloud')} {process.name} (algorithm {process.algorithm})"
    return {
        "source": made_from,
        "references": process.references,
        "license": _LICENSE,
        "history": f"{made}: {made_from} -> {ref}",
        "record": str(ref),
        **({"note": "; ".join(given.notes)} if given.notes else {}),
    }


def _made_from(given: Given) -> str:
    parents = [str(parent.ref) for _, parent in sorted(given.parents.items())]
    # Names alone: where a file lay does not decide what is made of it.
    files = [source.url.rpartition("/")[2] for source in given.sources]
    return (
        ", ".join((*parents, *(files if len(files) <= _FILES_NAMED else (f"{len(files)} files",))))
        or "nothing"
    )
