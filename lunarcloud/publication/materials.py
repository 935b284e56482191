"""What the paper's figures and tables are made of: records of a root, made where they are not there yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from lunarcloud.archive import mission
from lunarcloud.engine import Note, Session
from lunarcloud.errors import InputError
from lunarcloud.lineage import Record, Ref, Root
from lunarcloud.processes import checked, known_record, load_process, replayed, run_in
from lunarcloud.publication.numbers import HIGH_IRON_WT, NEW_MISSION, SAMPLE, SAMPLE_RANGES
from lunarcloud.storage import Folder

_SAMPLE = {**SAMPLE_RANGES, "sample": SAMPLE}


class Held(NamedTuple):
    """A published record and its folder."""

    record: Record[Any]
    place: Folder

    @property
    def id(self) -> str:
        """Its id."""
        return self.record.ref.id


#: Records by what they are for; where one cannot be had, the reason in words.
Materials: TypeAlias = Mapping[str, Held | str]


def gather(root: Root, name: str, session: Session) -> Materials:
    """All that is shown of a run.

    Parameters
    ----------
    root : Root
        Where it is, and where what is missing is published.
    name : str
        The run's id, an unmistakable beginning of it, its label, or ``latest``.
    session : Session
        Where to compute.

    Returns
    -------
    Materials
        ``run``, ``model``, ``statistics``, ``methods`` (equation against CNN), ``prospector``, ``polar``,
        ``provenance``, ``provenance, wider`` (by the maps' own uncertainty), ``gravity``; of the equations
        without the new mission ``previous model``, ``previous`` (their maps), ``previous statistics`` and
        ``change``.

    Raises
    ------
    NotFoundError
        If there is no such run.
    LunarcloudError
        Other than `InputError`, as the processes say; what a root cannot give is only a reason.
    """
    run = _published(root, root.find("runs", name).ref)
    found: dict[str, Held | str] = {"run": run, "model": _model(root, run), "gravity": _gravity(root)}
    for what, process, values in _steps(run):
        found[what] = _made(root, session, process, values)
    # How far a map errs, its model knows.
    wider = {"run": run.id, **_SAMPLE, "tolerance": 1.0}
    model = found["model"]
    found["provenance, wider"] = (
        model if isinstance(model, str) else _made(root, session, "provenance", wider)
    )
    return found | _previous(root, session, run, model)


def held(materials: Materials, *names: str) -> tuple[Held, ...] | None:
    """Some records, if all of them are there."""
    found = [each for name in names if isinstance(each := materials[name], Held)]
    return tuple(found) if len(found) == len(names) else None


def reason(materials: Materials, *names: str) -> str:
    """Why not all of some records are there; empty if they are."""
    return next((each for name in names if isinstance(each := materials[name], str)), "")


def _steps(run: Held) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What is made of a run alone: for what, the process, its inputs."""
    about, maps = {"run": run.id}, run.record.card.maps
    iron = "feo_cnn" if "feo_cnn" in maps else "feo_equation"
    yield "statistics", "reduce", {**about, **({"above": {iron: HIGH_IRON_WT}} if iron in maps else {})}
    yield "methods", "compare", about
    yield "prospector", "prospector", about
    yield "polar", "polar", about
    yield "provenance", "provenance", {**about, **_SAMPLE}


def _previous(root: Root, session: Session, run: Held, model: Held | str) -> dict[str, Held | str]:
    """The equations without the new mission, their maps, and what that changes."""
    names = ("previous model", "previous", "previous statistics", "change")
    if isinstance(model, str) or (why := _no_previous(model)):
        return dict.fromkeys(names, model if isinstance(model, str) else why)
    given = replayed(load_process("fit").inputs, model.record.given, root)
    without = (*given["without"], NEW_MISSION)
    fitted = _made(root, session, "fit", {**given, "without": without, "equations_only": True})
    if isinstance(fitted, str):
        return dict.fromkeys(names, fitted)
    mosaic = run.record.given.parents["mosaic"].ref.id
    mapped = _made(root, session, "map", {"model": fitted.id, "mosaic": mosaic})
    if isinstance(mapped, str):
        return dict.fromkeys(names, mapped)
    statistics = _made(root, session, "reduce", {"run": mapped.id})
    change = _made(root, session, "compare", {"run": run.id, "other": mapped.id})
    return dict(zip(names, (fitted, mapped, statistics, change), strict=True))


def _no_previous(model: Held) -> str:
    """Why there are no equations before the new mission; empty if there are."""
    card = model.record.card
    if any(mission(each.site) == NEW_MISSION for each in card.used):
        return ""
    left_out = card.left_out.get(NEW_MISSION)
    because = f": {left_out}" if left_out else ""
    return (
        f"model {model.id} was fitted without {NEW_MISSION}{because}; so there is nothing to compare: fit "
        "to a table with it, and give it a reflectance or a mosaic that has its site"
    )


def _model(root: Root, run: Held) -> Held | str:
    """The model of a run, if it was fitted here."""
    ref = run.record.given.parents["model"].ref if "model" in run.record.given.parents else None
    if ref is None or root.get(ref) is None:
        return (
            f"the run's model, {ref.id if ref else 'none'}, was not fitted under this root, so there are no "
            "stations to show: lunarcloud fit, then lunarcloud map"
        )
    return _published(root, ref)


def _gravity(root: Root) -> Held | str:
    """The latest gravity."""
    if "gravity" not in root.recent().main:
        return (
            "no gravity under this root. Where there is a network: lunarcloud fetch grgm1200b --to DIR, then "
            "lunarcloud gravity --gravity FILE; without one, lunarcloud gravity alone takes LP165P, which is "
            "shipped and holds degrees up to 165"
        )
    return _published(root, root.find("gravity").ref)


def _published(root: Root, ref: Ref) -> Held:
    found = known_record(root, root.find(ref.kind, ref.id))
    return Held(found.record, root.place(ref))


def _made(root: Root, session: Session, name: str, values: Mapping[str, Any]) -> Held | str:
    """A record that a process makes or has made, or why it cannot."""
    session.tell(Note(name))
    process = load_process(name)
    try:
        outcome = run_in(session, process, checked(process.inputs, values), root)
    except InputError as error:
        # Pages of the same results in two places are the same.
        return str(error).replace(root.url, "<root>")
    return Held(outcome.record, outcome.place)
