"""What decides the bytes of a result besides its inputs, and keeping it the same through a whole run."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from pydantic import TypeAdapter, ValidationError

from lunarcloud.config import settings
from lunarcloud.errors import InputError, StoreError
from lunarcloud.storage import CODING, Folder, problem_of

PLAN = "plan.json"

_FACTS = TypeAdapter(dict[str, str])

_DECIDING = ("numpy", "zarr", "numcodecs", "onnxruntime")
# Other distributions that bring the same package.
_ALSO = {"onnxruntime": ("onnxruntime-gpu",)}


def facts() -> dict[str, str]:
    """What decides bytes in this process: provider, architecture, versions; the workers' count."""
    return {
        "provider": ", ".join(settings().providers),
        "architecture": platform.machine(),
        "storage coding": str(CODING),
        **{name: _version(name) for name in _DECIDING},
    }


def pin(place: Folder, found: Mapping[str, str]) -> None:
    """Write down what decides the bytes of a run before its first shard, or refuse to go on with other.

    Parameters
    ----------
    place : Folder
        The run's folder; ``plan.json`` is written there if there is none.
    found : mapping of str to str
        `facts` of a worker.

    Raises
    ------
    InputError
        If the run was begun with others; each difference is named.
    StoreError
        If the file that is there cannot be read.
    """
    if place.create(PLAN, json.dumps(dict(found), indent=1, sort_keys=True).encode()):
        return
    different = differences(_begun(place), found)
    if different:
        raise InputError(
            f"{place.url} was begun with {different}: its bytes would differ from shard to shard. "
            "Go on with what it was begun with, or remove what is there and start anew"
        )


def require_same(begun: Mapping[str, str], worker: str, found: Mapping[str, str]) -> None:
    """Refuse a worker whose results would have other bytes.

    Parameters
    ----------
    begun : mapping of str to str
        What decided the bytes so far.
    worker : str
        Its address.
    found : mapping of str to str
        What would decide the worker's.

    Raises
    ------
    InputError
        Naming the worker and each difference.
    """
    different = differences(begun, found)
    if different:
        raise InputError(
            f"worker {worker} differs from those that this run was begun with: {different}; "
            "all workers of a run must be alike"
        )


def differences(begun: Mapping[str, str], found: Mapping[str, str]) -> str:
    """What differs, in words; empty if nothing does."""
    names = sorted(begun.keys() | found.keys())
    pairs = [(name, begun.get(name, "none"), found.get(name, "none")) for name in names]
    return ", ".join(f"{name} {before} (now {now})" for name, before, now in pairs if before != now)


def _begun(place: Folder) -> dict[str, str]:
    try:
        return _FACTS.validate_json(place.read(PLAN))
    except ValidationError as error:
        raise StoreError(f"{place.url}/{PLAN} {problem_of(error)}") from error


def _version(name: str) -> str:
    for distribution in (name, *_ALSO.get(name, ())):
        try:
            return version(distribution)
        except PackageNotFoundError:
            continue
    return "none"
