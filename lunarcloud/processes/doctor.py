"""Action ``doctor``: everything that work under a root needs is tried, each in a line with what to do."""

import platform
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from threading import Barrier, BrokenBarrierError
from typing import Literal, TypeAlias
from uuid import uuid4

from pydantic import BaseModel, ConfigDict

from lunarcloud.engine import Cluster, Session, Watch, differences, facts
from lunarcloud.errors import AGAIN, InputError, LunarcloudError, StoreError
from lunarcloud.lineage import Root
from lunarcloud.processes.action import Action
from lunarcloud.processes.inputs import Inputs
from lunarcloud.processes.process import Report
from lunarcloud.storage import Folder

# Jobs whose sign of life is older than 60 s are taken for lost: clocks must agree better than that.
_CLOCK_TOLERANCE = timedelta(seconds=30)
# Stores say whole seconds.
_CLOCK_STEP = timedelta(seconds=1)
# How long one of two writers waits for the other to have read, seconds; in vain where a lock lets one in.
_MEET_S = 1.0
_OTHER_STORE = (
    "results of commands that run at once could get lost. Use a store with conditional writes, such as "
    "Amazon S3, SeaweedFS or MinIO in a recent version, without a proxy that drops these headers"
)

#: Tries something in an empty folder under the root, and says what was found.
Try: TypeAlias = Callable[[Folder], str]


class Check(BaseModel):
    """Something that work under a root needs.

    Attributes
    ----------
    what : str
        In a few words.
    state : {"ok", "failed", "not tried", "not known"}
        Whether it is so.
    said : str
        What was found; of what failed, what to do.
    exit_code : int
        As the error's; 0 where nothing failed.
    """

    model_config = ConfigDict(frozen=True)

    what: str
    state: Literal["ok", "failed", "not tried", "not known"] = "ok"
    said: str = ""
    exit_code: int = 0


class Diagnosis(BaseModel):
    """What was tried under a root.

    Attributes
    ----------
    root : str
        Where.
    checks : tuple of Check
        In the order in which they were tried.
    versions : dict of str to str
        Of the command's software.
    """

    model_config = ConfigDict(frozen=True)

    root: str
    checks: tuple[Check, ...]
    versions: dict[str, str]


def _act(inputs: Inputs, root: Root, cluster: Cluster, watch: Watch) -> Diagnosis:
    # A folder of its own: listing it is cheap, and what it holds is nobody's.
    place = root.folder / f".probe-{uuid4().hex}"
    tries: dict[str, Try] = {**_STORE, "workers see the root": lambda place: _workers(place, cluster, watch)}
    try:
        checks = tuple(_checked(tries, place))
    finally:
        with suppress(StoreError):
            place.remove_all()
    return Diagnosis(root=root.url, checks=checks, versions=_versions())


def _checked(tries: Mapping[str, Try], place: Folder) -> Iterator[Check]:
    """Each in turn; after what may pass, or nothing can be written, the rest would only fail the same way."""
    broken = ""
    for what, attempt in tries.items():
        check = (
            _tried(what, attempt, place) if not broken else Check(what=what, state="not tried", said=broken)
        )
        if check.exit_code == AGAIN or (check.exit_code and attempt is _write):
            broken = f"since {what!r} failed"
        yield check


def _tried(what: str, attempt: Try, place: Folder) -> Check:
    try:
        return Check(what=what, said=attempt(place))
    except _UnknownError as unknown:
        return Check(what=what, state="not known", said=str(unknown))
    except LunarcloudError as error:
        return Check(what=what, state="failed", said=str(error), exit_code=error.exit_code)


class _UnknownError(Exception):
    """What cannot be found out here."""


def _list(place: Folder) -> str:
    place.keys()
    return "listed"


def _write(place: Folder) -> str:
    place.write("written", b"first")
    place.write("written", b"again")
    return "written and replaced"


def _read(place: Folder) -> str:
    for found in (place.read("written"), place.read_all().get("written")):
        if found != b"again":
            raise StoreError(
                f"{place.url}/written: reading gives {found!r} after b'again' was written: a command could "
                "take old objects for new. Use a store that is strongly consistent"
            )
    return "what was written last is read and listed"


def _create(place: Folder) -> str:
    place.create("created", b"first")
    if place.create("created", b"second") or place.read("created") != b"first":
        raise StoreError(
            f"{place.url}: an object was replaced although it was to be written only if there is none "
            f"(If-None-Match): {_OTHER_STORE}"
        )
    return "an object that is there is not replaced (If-None-Match)"


def _swap(place: Folder) -> str:
    """Two writers who have read the same: the later of them must be sent back to read again."""
    place.write("swapped", b"")
    meeting = Barrier(2)

    def add(present: bytes | None) -> bytes:
        with suppress(BrokenBarrierError):
            meeting.wait(_MEET_S)
        return (present or b"") + b"+"

    with ThreadPoolExecutor(2) as writers:
        for done in [writers.submit(place.update, "swapped", add) for _ in range(2)]:
            done.result()
    if place.read("swapped") != b"++":
        raise StoreError(
            f"{place.url}: a write replaced what somebody else had just written (If-Match): {_OTHER_STORE}"
        )
    return "of two writers at once, none is lost (If-Match)"


def _remove(place: Folder) -> str:
    place.remove("created")
    if place.exists("created"):
        raise StoreError(
            f"{place.url}/created: still there after it was removed; let these credentials delete objects"
        )
    return "removed"


def _workers(place: Folder, cluster: Cluster, watch: Watch) -> str:
    with Session(cluster, watch) as session:
        found = session.prove(place).facts
        number = session.threads()
    if different := differences(facts(), found):
        raise InputError(
            f"workers differ from this command in {different}; give both the same image, or the same packages"
        )
    return (
        f"they read and wrote there, {number} threads; provider {found['provider']}, {found['architecture']}"
    )


def _clock(place: Folder) -> str:
    before = datetime.now(UTC)
    place.write("dated", b"")
    after = datetime.now(UTC)
    written = place.modified("dated")
    if written is None:
        raise _UnknownError(
            "the store does not say when an object was written; keep this machine's clock set"
        )
    ahead, behind = written - after, before - (written + _CLOCK_STEP)
    apart = max(ahead, behind, timedelta())
    if apart > _CLOCK_TOLERANCE:
        raise InputError(
            f"this machine's clock and the store's are {apart.total_seconds():.0f} s apart, more "
            f"than {_CLOCK_TOLERANCE.total_seconds():.0f} s: running jobs would look lost; set it (NTP)"
        )
    return f"{apart.total_seconds():.0f} s from the store's"


def _versions() -> dict[str, str]:
    names = ("lunarcloud", "dask", "distributed", "zarr", "s3fs")
    return {"python": platform.python_version(), **facts(), **{name: version(name) for name in names}}


#: What is tried with the store alone, in order.
_STORE: Mapping[str, Try] = {
    "list": _list,
    "write": _write,
    "read": _read,
    "create if absent": _create,
    "compare and swap": _swap,
    "remove": _remove,
    "clock": _clock,
}


def _report(found: Diagnosis) -> Report:
    lines = {each.what: f"{each.state}: {each.said}" for each in found.checks}
    return Report({"root": found.root, **lines, "versions": _listed(found.versions)})


def _listed(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in versions.items())


def _exit_code(found: Diagnosis) -> int:
    """What trying again does not mend comes first."""
    codes = {each.exit_code for each in found.checks}
    return next((code for code in (2, 1, AGAIN) if code in codes), 0)


ACTION = Action(
    name="doctor", inputs=Inputs, result=Diagnosis, act=_act, report=_report, exit_code=_exit_code
)
