"""Records run once more: their processes, inputs and materials, also over newer parents."""

from typing import Any, NamedTuple

from lunarcloud.errors import StoreError
from lunarcloud.lineage import Entry, Record, Root, identity
from lunarcloud.processes.inputs import Inputs, checked, replayed
from lunarcloud.processes.process import Process
from lunarcloud.processes.registry import process


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


def inputs_of(root: Root, found: Known, **changed: str) -> Inputs:
    """The inputs that make a record again.

    Parameters
    ----------
    root : Root
        Where it is published.
    found : Known
        The record.
    **changed
        Other parents than the record's, by the input that chooses them.
    """
    model: type[Inputs] = found.process.inputs
    return checked(model, {**replayed(model, found.record.given, root), **changed})


def material_of(root: Root, found: Known) -> Any:
    """The material that a record was made of, resolved again.

    Raises
    ------
    StoreError
        If what it was made of is no longer the same.
    """
    given, material = found.process.resolve(inputs_of(root, found), root)
    same = identity(found.process.name, found.process.algorithm, given)
    if same != found.entry.ref.id:
        raise StoreError(
            f"{found.entry.ref}: its inputs would make {same} now: a source has changed, or this version "
            "computes otherwise (the record says which versions made it)"
        )
    return material
