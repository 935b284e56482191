"""Replaying: a record, or the inputs of one over newer parents, run once more."""

from typing import Any, NamedTuple

from lunarcloud.engine import Session
from lunarcloud.errors import StoreError
from lunarcloud.lineage import Entry, Record, Root, identity
from lunarcloud.processes.inputs import checked, replayed
from lunarcloud.processes.process import Process
from lunarcloud.processes.registry import process
from lunarcloud.processes.run import Outcome, run_in


class Known(NamedTuple):
    """A published record with the process that made it."""

    entry: Entry
    record: Record[Any]
    process: Process[Any, Any, Any]


def known(root: Root, entry: Entry) -> Known:
    """A published record and its process.

    Raises
    ------
    NotFoundError
        If this version has no such process.
    StoreError
        If the record is damaged.
    """
    made_by = process(entry.process)
    return Known(entry, root.record(entry, made_by.card), made_by)


def replay(session: Session, root: Root, found: Known, **changed: str) -> Outcome:
    """Run a record's process with its own inputs.

    Parameters
    ----------
    session : Session
        Where to compute.
    root : Root
        Where the record is published.
    found : Known
        The record.
    **changed
        Other parents than the record's, by the input that chooses them.
    """
    inputs = checked(found.process.inputs, {**_inputs(root, found), **changed})
    return run_in(session, found.process, inputs, root, label=found.record.label)


def material_of(root: Root, found: Known) -> Any:
    """The material that a record was made of, resolved again.

    Raises
    ------
    StoreError
        If what it was made of is no longer the same.
    """
    inputs = checked(found.process.inputs, _inputs(root, found))
    given, material = found.process.resolve(inputs, root)
    same = identity(found.process.name, found.process.algorithm, given)
    if same != found.entry.ref.id:
        raise StoreError(
            f"{found.entry.ref}: its inputs would make {same} now: a source has changed, or this version "
            "computes otherwise (the record says which versions made it)"
        )
    return material


def _inputs(root: Root, found: Known) -> dict[str, Any]:
    return replayed(found.process.inputs, found.record.given, root)
