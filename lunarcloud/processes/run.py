"""The one way to run any process: resolve, look whether it is there, make, check, publish, tell."""

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, NamedTuple

from lunarcloud import exports
from lunarcloud.engine import Cluster, Published, Session, Watch, quiet
from lunarcloud.errors import ClosedError
from lunarcloud.lineage import RECORD, Given, Record, Ref, Root, identity, series_of
from lunarcloud.processes.about import about
from lunarcloud.processes.inputs import InputsT
from lunarcloud.processes.process import CardT, Estimate, Made, MaterialT, Process, Shards
from lunarcloud.storage import Folder, digest, entries_digest

_RECORDED = ("lunarcloud", "numpy", "scipy", "zarr", "numcodecs", "onnxruntime", "dask", "pyshtools", "ducc0")


class Outcome(NamedTuple):
    """A published record, its folder, how many shards were computed (None: it was there), the latest."""

    record: Record[Any]
    place: Folder
    shards_computed: int | None
    latest: Ref


def run(
    process: Process[InputsT, MaterialT, CardT],
    inputs: InputsT,
    root: Root,
    *,
    cluster: Cluster | None = None,
    watch: Watch = quiet,
    label: str = "",
) -> Outcome:
    """Make and publish what a process makes of its inputs; what is there already is only found.

    Parameters
    ----------
    process : Process
        What to run.
    inputs : Inputs
        Checked.
    root : Root
        Where to publish.
    cluster : Cluster, optional
        Where to compute; local processes without one. None is started where nothing is missing.
    watch : callable
        Told of every event.
    label : str
        What a person calls the record; not in its identity.

    Raises
    ------
    LunarcloudError
        As the process says: `InputError` before anything runs, `StoreError`, `ComputeError`.
    """
    with Session(cluster, watch) as session:
        return run_in(session, process, inputs, root, label=label)


def run_in(
    session: Session,
    process: Process[InputsT, MaterialT, CardT],
    inputs: InputsT,
    root: Root,
    *,
    label: str = "",
) -> Outcome:
    """As `run`, on a session that others share.

    Parameters
    ----------
    session : Session
        Where to compute, and who watches.
    process, inputs, root, label
        As in `run`.
    """
    now = root.snapshot()
    given, material = process.resolve(inputs, now)
    ref = Ref(kind=process.kind, id=identity(process.name, process.algorithm, given))
    place = root.place(ref)
    entry = now.get(ref)
    if entry is not None:
        latest = now.republish(entry).find(ref.kind)
        record = root.record(entry, process.card)
        exports.complete(now, record, about(process, ref, record.given))
        return Outcome(record, place, None, latest.ref)
    root.folder.require_writable()
    started, before = datetime.now(UTC), session.computed
    says = about(process, ref, given)
    try:
        made = process.make(material, place.saying(says).until(RECORD), session)
        record = _record(process, ref, given, made, place, started, label)
    except ClosedError:
        # Somebody who began at the same time, or was stopped before the last step, had made it all.
        record = root.finished(ref, process.card)
    record = root.record(root.publish(record), process.card)
    now = root.snapshot()
    exports.complete(now, record, says)
    session.tell(Published(kind=ref.kind, id=ref.id, url=place.url))
    return Outcome(record, place, session.computed - before, now.find(ref.kind).ref)


def estimate(
    process: Process[InputsT, MaterialT, Any], inputs: InputsT, root: Root, *, threads: int
) -> Sequence[Estimate]:
    """What running a process would take; nothing is computed.

    Parameters
    ----------
    process, inputs, root
        As in `run`.
    threads : int
        On how many.
    """
    root = root.snapshot()
    given, material = process.resolve(inputs, root)
    ref = Ref(kind=process.kind, id=identity(process.name, process.algorithm, given))
    if root.get(ref) is not None:
        return (Estimate(title=f"{process.name}: {ref} is published", tasks=0, done=1),)
    return process.estimate(material, root.place(ref), threads)


def _inventory(place: Folder, groups: Sequence[Shards]) -> dict[str, str]:
    """The digest of every object of a record by its key, but of its shards, ledgers and the record itself."""
    shards = {
        f"{_within(place, group.place)}{key}"
        for group, entries in groups
        for entry in entries
        for key in entry.objects
    }
    ledgers = tuple(_within(place, group.ledger.place) for group, _ in groups)
    listed = place.keys()
    keys = [
        key
        for key in listed
        # Names with a dot in front are marks of commands that run now.
        if key not in shards and not key.startswith((".", *ledgers)) and key != RECORD
    ]
    return {key: digest(place.read(key)) for key in keys}


def _record(
    process: Process[Any, Any, CardT],
    ref: Ref,
    given: Given,
    made: Made[CardT],
    place: Folder,
    started: datetime,
    label: str,
) -> Record[CardT]:
    names = {_within(place, group.place): _within(place, group.ledger.place) for group, _ in made.groups}
    ledgers = {_within(place, group.ledger.place): entries_digest(entries) for group, entries in made.groups}
    return Record[process.card](  # type: ignore[name-defined]  # the card's type is known at run time
        ref=ref,
        label=label,
        process=process.name,
        algorithm=process.algorithm,
        series=series_of(process.name, given.inputs, given.parents),
        given=given,
        versions=versions(),
        started=started,
        finished=datetime.now(UTC),
        digest=made.digest,
        outputs=_inventory(place, made.groups),
        groups=names,
        ledgers=ledgers,
        facts=dict(made.facts),
        card=made.card,
    )


def versions() -> dict[str, str]:
    """Versions of the software that decides the bytes of a result."""
    return {"python": platform.python_version(), **{name: version(name) for name in _RECORDED}}


def _within(place: Folder, inner: Folder) -> str:
    """Key of a folder in the record's, with a slash at its end; empty for the folder itself."""
    rest = inner.url[len(place.url) :].strip("/")
    return f"{rest}/" if rest else ""
