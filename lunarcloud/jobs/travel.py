"""Files that travel with a job: small ones into the root, all others must be where the job can see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lunarcloud.errors import InputError
from lunarcloud.lineage import Root
from lunarcloud.processes import FILE, PARENT, PLACE, Inputs, marks, option_name
from lunarcloud.redaction import without_credentials
from lunarcloud.storage import digest, local_path

#: Where files go that travelled, under the root.
INPUTS = "inputs"
#: Larger ones do not travel.
MOST_BYTES = 64 << 20

_DIGITS = 16
# One file of several that only together can be read.
_NEVER_ALONE = (".shp",)


def require_storable(inputs: Inputs) -> None:
    """Refuse inputs that would put a secret into the job's document, which all who see the root can read.

    Raises
    ------
    InputError
        Naming the input.
    """
    for typed, text in _texts(inputs):
        if without_credentials(text) != text:
            raise InputError(
                f"{typed}: {without_credentials(text)} was given with a user, a password or a query, and "
                "a job's inputs can be read by all who see its root; copy the file to the store instead"
            )


def require_sendable(inputs: Inputs) -> None:
    """Refuse local inputs that cannot travel: folders, globs, files of more than 64 MiB.

    Raises
    ------
    InputError
        Naming the input and what to do.
    """
    for typed, text in _texts(inputs):
        path = local_path(text)
        if "://" in text or not ("*" in text or path.exists()):
            continue  # a URL, or the name of something shipped or published
        alone = path.is_file() and path.suffix not in _NEVER_ALONE
        if not alone or path.stat().st_size > MOST_BYTES:
            raise InputError(
                f"{typed} {text}: only single files of at most {MOST_BYTES >> 20} MiB travel with a job; "
                "copy this to the store (aws s3 cp --recursive, rclone copy) and give its URL"
            )


def absolute(inputs: Inputs, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of inputs whose local paths are absolute: a job may run in another folder.

    Parameters
    ----------
    inputs : Inputs
        What was given.
    values : mapping
        Inputs by name, as JSON.
    """

    def whole(text: str) -> str:
        path = local_path(text)
        return str(path) if "://" not in text and _like_a_path(text) and path.exists() else text

    fields = type(inputs).model_fields
    return {
        name: _changed(value, whole) if _is_place(fields[name]) else value for name, value in values.items()
    }


def sent(model: type[Inputs], values: Mapping[str, Any], root: Root) -> dict[str, Any]:
    """Inputs whose local files are now under the root.

    Parameters
    ----------
    model : type
        Of the process.
    values : mapping
        Inputs by name, as JSON; local paths are absolute.
    root : Root
        Where they go, as ``inputs/<digest>/<name>``: their names are part of what is made from them.
    """

    def copied(text: str) -> str:
        path = Path(text)
        if not path.is_absolute() or not path.is_file():
            return text
        data = path.read_bytes()
        home = root.folder / f"{INPUTS}/{digest(data)[:_DIGITS]}"
        home.write(path.name, data)
        return f"{home.url}/{path.name}"

    fields = model.model_fields
    return {
        name: _changed(value, copied) if _is_place(fields[name]) else value for name, value in values.items()
    }


def _texts(inputs: Inputs) -> Iterator[tuple[str, str]]:
    """What may be a place, with the option that it was given by."""
    for name, field in type(inputs).model_fields.items():
        if _is_place(field):
            value = getattr(inputs, name)
            several = [
                each for each in (value if isinstance(value, tuple) else (value,)) if isinstance(each, str)
            ]
            # A record may have the name of a folder here.
            places = [each for each in several if not marks(field).get(PARENT) or _like_a_path(each)]
            yield from ((option_name(name, field), each) for each in places)


def _is_place(field: Any) -> bool:
    # A table of stations may be a file, too.
    return any(marks(field).get(mark) for mark in (FILE, PLACE, PARENT))


def _like_a_path(text: str) -> bool:
    return "/" in text or bool(Path(text).suffix)


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_changed(each, change) for each in value]
    return change(value) if isinstance(value, str) else value
