"""Records opened as what they are: mosaics, runs, models, gravity, by name."""

from typing import TYPE_CHECKING, NamedTuple

from lunarcloud.lineage import Entry, Parent, Record, Root
from lunarcloud.maps import Run, RunCard, load_run
from lunarcloud.models import BUILTIN, Card, Model, builtin, load_model, model_digest
from lunarcloud.mosaic import Mosaic, MosaicCard, load_mosaic
from lunarcloud.quantities import QUANTITIES

if TYPE_CHECKING:  # maps, models and mosaics need none of it
    from lunarcloud.gravity import Gravity


# Names of a run's parents.
_OF_RUNS = ("mosaic", "model")


class Chosen(NamedTuple):
    """A model somebody chose, and what it is as a parent."""

    model: Model
    parent: Parent


def mosaic_of(root: Root, entry: Entry) -> Mosaic:
    """The mosaic of a record; refused if its coordinate reference system is not of the Moon."""
    return load_mosaic(root.place(entry.ref), root.record(entry, MosaicCard).card)


def run_of(root: Root, entry: Entry) -> Run:
    """The run of a record."""
    return load_run(root.place(entry.ref), root.record(entry, RunCard).card)


def gravity_of(root: Root, entry: Entry) -> "Gravity":
    """The gravity reduction of a record."""
    from lunarcloud.gravity import GravityCard, load_gravity

    return load_gravity(root.place(entry.ref), root.record(entry, GravityCard).card)


def model_of(root: Root, name: str) -> Chosen:
    """A published model, or one that is built in.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    if name in BUILTIN:
        return _built_in(name)
    entry = root.find("models", name)
    model = load_model(root.place(entry.ref), entry.ref.id, root.record(entry, Card).card)
    return Chosen(model, entry.as_parent())


def ensemble_of(root: Root, run: Record[RunCard]) -> tuple[Mosaic, Model] | None:
    """The mosaic and the model of a run whose maps are means over several seeds; None of other runs."""
    given = run.given
    if not any(QUANTITIES[name].method == "chance" for name in run.card.maps):
        return None
    mosaic, model = (root.find(ref.kind, ref.id) for ref in (given.parents[role].ref for role in _OF_RUNS))
    held = load_model(root.place(model.ref), model.ref.id, root.record(model, Card).card)
    return mosaic_of(root, mosaic), held


def _built_in(name: str) -> Chosen:
    model = builtin(name)
    # Its series has no heads under any root: it is never outdated.
    parent = Parent.model_validate(
        {"ref": {"kind": "models", "id": name}, "digest": model_digest(model.card), "series": name}
    )
    return Chosen(model, parent)
