"""A change: what the heads were and what they become, written down before they move.

So that whoever is killed between loses neither report nor notice: the next one finds the change and tells it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from lunarcloud.errors import NotFoundError
from lunarcloud.lineage import Catalog, Root
from lunarcloud.reprocessing.plan import latest
from lunarcloud.reprocessing.reconcile import Round, Step
from lunarcloud.storage import Folder, read_document

#: The folder of all changes under a root, and what is in that of one: the change, its report in three forms,
#: and the mark that it was told.
CHANGES = "reprocess"
CHANGE, REPORT, TOLD = "change.json", "report", "told.json"

_KINDS = ("models", "runs")


class Moved(BaseModel):
    """What ``latest`` of a kind meant and means: ``kind/id``, empty where there was none."""

    model_config = ConfigDict(frozen=True)

    before: str
    after: str


class Change(BaseModel):
    """What was made and became the heads: ``<root>/reprocess/<id>/change.json``.

    Attributes
    ----------
    id : str
        Time of day and table: the name of its folder.
    at : datetime
        UTC.
    moved : dict of str to Moved
        By kind: the main table of stations, models and runs, each where it is another one.
    heads : dict of str to str
        Ids by series, which are the heads after it where nobody holds them elsewhere.
    steps : tuple of Step
        What was made, found or kept.
    comparison : str
        Of the new run with the one before, ``kind/id``; empty if there is none.
    files : tuple of str
        Tables of the inbox that count.
    refused : dict of str to tuple of str
        Tables that do not, and why.
    price_vcpu_hour : float
        US dollars for an hour of one vCPU where the steps were made; 0 where nothing is paid.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    at: datetime
    moved: dict[str, Moved]
    heads: dict[str, str]
    steps: tuple[Step, ...]
    comparison: str = ""
    files: tuple[str, ...] = ()
    refused: dict[str, tuple[str, ...]] = {}
    price_vcpu_hour: float = 0.0


def change_of(made: Round, at: datetime, price_vcpu_hour: float = 0.0) -> Change:
    """The change that a round makes once the heads move to it.

    Parameters
    ----------
    made : Round
        What was made.
    at : datetime
        When, UTC.
    price_vcpu_hour : float
        US dollars for an hour of one vCPU where it was made.
    """
    before, main = made.look.plan.before, made.look.main.parent
    after = before
    for entry in made.entries:
        after = after.with_record(entry)
    moved = {kind: found for kind in _KINDS if (found := _moved(before, after, kind))}
    if main.series in before.heads and (old := before.heads[main.series].id) != main.ref.id:
        moved = {"stations": Moved(before=f"stations/{old}", after=str(main.ref)), **moved}
    compared = (str(entry.ref) for entry in made.entries if entry.ref.kind == "comparisons")
    return Change(
        id=f"{at:%Y%m%dT%H%M%SZ}-{main.ref.id}",
        at=at,
        moved=moved,
        heads={entry.series: entry.ref.id for entry in made.entries},
        steps=made.steps,
        comparison=next(compared, ""),
        files=tuple(made.look.inbox.accepted),
        refused={each.file: each.errors for each in made.look.inbox.rejected.values()},
        price_vcpu_hour=price_vcpu_hour,
    )


def write_change(root: Root, change: Change) -> None:
    """Write a change down, in the place of those that were written and never happened.

    Only for whoever holds the lease: one in flight looks as if it never happened.
    """
    happened = {each.id for each in untold(root)}
    for name in _untold_names(root) - happened:
        place_of(root, name).remove_all()
    place_of(root, change.id).write(CHANGE, change.model_dump_json(indent=1).encode())


def place_of(root: Root, name: str) -> Folder:
    """The folder of a change."""
    return root.folder / f"{CHANGES}/{name}"


def untold(root: Root) -> list[Change]:
    """Changes that happened and of which nobody was told yet, the oldest first.

    One whose heads never came, since it was overtaken or is in flight, is left out. Anybody may ask.
    """
    found, names = [], sorted(_untold_names(root))
    catalog = root.heads() if names else Catalog()
    for name in names:
        # Whoever holds the lease may forget it meanwhile.
        with suppress(NotFoundError):
            change = read_document(place_of(root, name), CHANGE, Change)
            if _has_happened(change, catalog):
                found.append(change)
    return found


def last_told(root: Root) -> str:
    """The id of the last change with a report; empty if there is none."""
    return max(_names(_keys(root), f"{REPORT}.json"), default="")


def _untold_names(root: Root) -> set[str]:
    keys = _keys(root)
    return _names(keys, CHANGE) - _names(keys, TOLD)


def _keys(root: Root) -> list[str]:
    return (root.folder / CHANGES).keys()


def _names(keys: list[str], wanted: str) -> set[str]:
    """The folders that hold an object of a name."""
    parts = (key.partition("/") for key in keys)
    return {name for name, _, key in parts if key == wanted}


def _moved(before: Catalog, after: Catalog, kind: str) -> Moved | None:
    old, new = latest(before, kind), latest(after, kind)
    if new is None or (old is not None and old.ref == new.ref):
        return None
    return Moved(before=str(old.ref) if old else "", after=str(new.ref))


def _has_happened(change: Change, catalog: Catalog) -> bool:
    heads: Mapping[str, str] = {series: head.desired for series, head in catalog.heads.items()}
    return all(heads.get(series) == name for series, name in change.heads.items())
