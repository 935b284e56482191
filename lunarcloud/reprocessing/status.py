"""Action ``status``: what ``latest`` means, whether it knows every sample, what is due and what runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from lunarcloud.archive import Station, StationTable
from lunarcloud.engine import Cluster, Watch
from lunarcloud.jobs import ENDED, Seen, all_seen, line
from lunarcloud.lineage import Catalog, Entry, Ref, Root
from lunarcloud.processes import (
    Action,
    Arrival,
    Inbox,
    Inputs,
    Report,
    changes_of,
    table_of_record,
)
from lunarcloud.reprocessing.change import CHANGES, REPORT, last_told
from lunarcloud.reprocessing.clock import SYSTEM
from lunarcloud.reprocessing.lease import who_holds
from lunarcloud.reprocessing.plan import latest
from lunarcloud.reprocessing.reconcile import LEASE, look

_KINDS = ("stations", "models", "runs")


class StatusInputs(Inputs):
    """Nothing is to be given but the root."""


class HeadStatus(BaseModel):
    """What ``latest`` of a kind means.

    Attributes
    ----------
    record, label : str
        ``kind/id``, and what a person calls it.
    published : datetime
        When, UTC.
    pinned : bool
        Whether a person holds it there.
    """

    model_config = ConfigDict(frozen=True)

    record: str
    label: str
    published: datetime
    pinned: bool


class RootStatus(BaseModel):
    """How things are under a root.

    Attributes
    ----------
    heads : dict of str to HeadStatus
        By kind: stations, models, runs.
    staleness_s : float
        Age of the oldest accepted sample that the latest model does not know yet, seconds; 0 if it knows all.
    waiting : tuple of str
        Tables of the inbox that it does not know yet.
    rejected : dict of str to tuple of str
        Tables of the inbox that are refused, and why.
    due : tuple of str
        What is to be made again, ``kind/id``.
    worker : str
        Who reprocesses now; empty if nobody does.
    running : tuple of str
        Jobs that have not ended, a line each.
    report : str
        URL of the last report; empty if there is none.
    """

    model_config = ConfigDict(frozen=True)

    heads: dict[str, HeadStatus]
    staleness_s: float
    waiting: tuple[str, ...]
    rejected: dict[str, tuple[str, ...]]
    due: tuple[str, ...]
    worker: str
    running: tuple[str, ...]
    report: str


def status_of(root: Root, now: datetime) -> RootStatus:
    """How things are under a root.

    Parameters
    ----------
    root : Root
        Which.
    now : datetime
        UTC.
    """
    return status_with(root, now, all_seen(root, {}))


def status_with(root: Root, now: datetime, jobs: Iterable[Seen]) -> RootStatus:
    """How things are under a root whose jobs have been looked at already.

    Parameters
    ----------
    root : Root
        Which.
    now : datetime
        UTC.
    jobs : iterable of Seen
        Of `all_seen`.
    """
    seen = look(root, SYSTEM, 0.0)
    catalog, told = seen.plan.before, last_told(root)
    known = _known(root, catalog, seen.main.parent.series)
    # For a model that is not fitted to the main table, no sample waits.
    waiting = waiting_for(known, seen.inbox) if known else ()
    return RootStatus(
        heads={kind: _head(catalog, entry) for kind in _KINDS if (entry := latest(catalog, kind))},
        staleness_s=staleness_s(changes_of(root, waiting).values(), now),
        waiting=waiting,
        rejected={each.file: each.errors for each in seen.inbox.rejected.values()},
        due=tuple(str(each.entry.ref) for each in seen.plan.due),
        worker=who_holds(root, LEASE).holder,
        running=tuple(line(each) for each in jobs if each.state not in ENDED),
        report=f"{root.url}/{CHANGES}/{told}/{REPORT}.html" if told else "",
    )


def waiting_for(known: StationTable, inbox: Inbox) -> tuple[str, ...]:
    """Names of the accepted tables of an inbox of which a table of stations does not know all.

    Parameters
    ----------
    known : StationTable
        What the latest model was fitted to.
    inbox : Inbox
        As it is.
    """
    theirs, wanted = _sites(known.stations), _sites(inbox.table.stations)

    def waits(arrival: Arrival) -> bool:
        brought = {_name(each.site) for each in (arrival.table.stations if arrival.table else ())}
        # Of several tables with a site, the last one counts; the others brought nothing that is wanted.
        missing = any(site in wanted and theirs.get(site) != wanted[site] for site in brought)
        # A whole mission is withdrawn by its name.
        gone = tuple(f"{_name(site)} - " for site in arrival.withdrawn)
        still = theirs.keys() - wanted.keys()
        return missing or any(f"{site} - ".startswith(gone) for site in still)

    return tuple(name for name, arrival in inbox.accepted.items() if waits(arrival))


def staleness_s(changes: Iterable[datetime | None], now: datetime) -> float:
    """Age of the oldest of some changes, seconds; 0 if there is none."""
    return max((max(0.0, (now - each).total_seconds()) for each in changes if each), default=0.0)


def _known(root: Root, catalog: Catalog, main: str) -> StationTable | None:
    """The main table that the newest model of the latest's series was fitted to, though one may be pinned."""
    model = latest(catalog, "models")
    if model is None:
        return None
    newest = root.get(Ref(kind=model.ref.kind, id=catalog.heads[model.series].desired)) or model
    stations = newest.parents.get("stations")
    entry = root.get(stations.ref) if stations and stations.series == main else None
    return table_of_record(root, entry) if entry else None


def _sites(stations: Iterable[Station]) -> dict[str, Station]:
    return {_name(each.site): each.uncited() for each in stations}


def _name(site: str) -> str:
    return site.casefold()


def _head(catalog: Catalog, entry: Entry) -> HeadStatus:
    return HeadStatus(
        record=str(entry.ref),
        label=entry.label,
        published=entry.published,
        pinned=catalog.heads[entry.series].pinned,
    )


def _report(found: RootStatus) -> Report:
    return Report(dict(_lines(found)))


def _lines(found: RootStatus) -> Iterator[tuple[str, str]]:
    """What a person reads: at most ten lines."""
    for kind, head in found.heads.items():
        label = f" ({head.label})" if head.label else ""
        pinned = ", pinned" if head.pinned else ""
        yield kind, f"{head.record}{label}, {head.published:%Y-%m-%d %H:%M} UTC{pinned}"
    waits = f"{found.staleness_s:.0f} s: {', '.join(found.waiting)}"
    yield "stale", waits if found.waiting else "no: all samples are known"
    yield "refused", ", ".join(found.rejected) or "none"
    yield "due", ", ".join(found.due) or "nothing"
    yield "reprocesses", found.worker or "nobody"
    yield "running", "; ".join(found.running) or "no job"
    yield "last report", found.report or "none"


def _act(inputs: StatusInputs, root: Root, cluster: Cluster, watch: Watch) -> RootStatus:
    return status_of(root, SYSTEM.now())


ACTION = Action(name="status", inputs=StatusInputs, result=RootStatus, act=_act, report=_report)
