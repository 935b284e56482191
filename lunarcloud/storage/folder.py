"""A folder of objects, wherever it is: whole, atomic writes and two conditional ones.

A reader finds an object whole or not at all. What a kind of store must do for that is one file in `backends`.
"""

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Self
from uuid import uuid4

from lunarcloud.errors import ClosedError, InputError, NotFoundError, StoreError
from lunarcloud.storage.faults import explained
from lunarcloud.storage.retry import retried

# A file may have a colon in its name, but hardly one of these before it.
_URL_CUT_SHORT = re.compile(r"(?i)(?:s3a?|gc?s|az|abfss?|https?|ftp|file|memory):")

# What commands write to find out whether it can be written, and seen by workers.
_MARK = re.compile(r"(?:^|/)\.(?:probe|seen)-")


@dataclass(frozen=True, slots=True)
class Folder(ABC):
    """A place for objects; small and picklable, connects when used. Make one with `folder`.

    Subclasses say how; this class says what, tries again after faults that may pass, and puts what goes
    wrong into words. Keys are relative to the folder, with ``/`` between their parts.
    """

    url: str
    #: Attributes of every dataset written under it, and its ``note`` below every figure: see `saying`.
    says: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    #: The object, and the folder it is in, after which nothing under this one is replaced: see `until`.
    last: tuple["Folder", str] | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """Its own name: the last part of its URL, which for a record's folder is the record's id."""
        return self.url.rpartition("/")[2]

    def __truediv__(self, name: str) -> Self:
        return replace(self, url=f"{self.url}/{name}")

    def saying(self, attrs: Mapping[str, str]) -> Self:
        """The same folder, whose datasets all say something of themselves, whoever writes them."""
        return replace(self, says=tuple(attrs.items()))

    def until(self, key: str) -> Self:
        """The same folder, in which nothing is replaced any more once it has an object of that key.

        For several who make the same thing at once, whose bytes may differ: the first to finish is right.
        """
        return replace(self, last=(self, key))

    @retried
    def read(self, key: str, start: int | None = None, end: int | None = None) -> bytes:
        """The bytes of an object, or a part of them.

        Parameters
        ----------
        key : str
            The object.
        start, end : int, optional
            The part ``[start, end)``; without them from the first and to the last byte. Beyond the object
            there are no bytes, as in a slice. A `start` below zero counts from the object's end, to which it
            is read then.

        Raises
        ------
        NotFoundError
            If there is none.
        StoreError
            If the store does not answer or refuses.
        """
        with explained(self.url, key):
            return self._read(key, start, end)

    def open(self, key: str) -> BinaryIO | None:
        """The file that an object is, for whoever passes it on unread; None where objects are no files.

        Raises
        ------
        NotFoundError
            If there is no such file.
        """
        return None

    @retried
    def write(self, key: str, data: bytes) -> None:
        """Put an object, whole or not at all; what was there is replaced.

        Raises
        ------
        ClosedError
            If there is such an object and the last one of the folder: see `until`.
        """
        with explained(self.url, key):
            if self.last is None:
                self._write(key, data)
            # What is new needs no question.
            elif not self._create(key, data):
                self._require_open(key)
                self._replace(key, data)

    @retried
    def upload(self, key: str, file: Path) -> None:
        """Put a local file as an object, whole or not at all, without holding it in memory.

        On a disk the file itself may become the object, so that it is gone from where it was.

        Raises
        ------
        ClosedError
            As `write`.
        """
        with explained(self.url, key):
            if self.last is not None and self._exists(key):
                self._require_open(key)
            self._upload(key, file)

    @retried
    def create(self, key: str, data: bytes) -> bool:
        """Put an object only if there is none yet; whether this call put it.

        An answer that got lost reads as no: the object is there, and perhaps by this call.
        """
        with explained(self.url, key):
            return self._create(key, data)

    @retried
    def update(self, key: str, change: Callable[[bytes | None], bytes]) -> bytes:
        """Replace an object by a function of it, with nobody's write in between lost.

        Parameters
        ----------
        key : str
            The object.
        change : callable
            From the present bytes (None if there are none) to the new ones; called again after a lost race,
            and on its own result if the store's answer to it got lost.

        Returns
        -------
        bytes
            What was written.
        """
        with explained(self.url, key):
            return self._update(key, change)

    @retried
    def exists(self, key: str) -> bool:
        """Whether there is an object of that key."""
        with explained(self.url, key):
            return self._exists(key)

    @retried
    def modified(self, key: str) -> datetime | None:
        """When an object was written, by the store's own clock; None if it does not say."""
        with explained(self.url, key):
            return self._modified(key)

    @retried
    def size(self, key: str) -> int:
        """The number of bytes of an object.

        Raises
        ------
        NotFoundError
            If there is none.
        """
        with explained(self.url, key):
            return self._size(key)

    def keys(self, under: str = "") -> list[str]:
        """The keys of all objects in the folder and its subfolders, sorted; or only of one subfolder.

        One request lists up to a thousand of them.
        """
        return list(self.versions(under))

    @retried
    def versions(self, under: str = "") -> dict[str, str | None]:
        """The version of every object by its key, sorted: another whenever its bytes are others.

        None where the store does not say. As cheap as `keys`.
        """
        with explained(self.url, under):
            return dict(sorted(self._versions(under).items()))

    def read_all(self, under: str = "") -> dict[str, bytes]:
        """The bytes of all objects by key, read together; or only of one subfolder."""
        keys = self.keys(under)
        with explained(self.url, under):
            found = self._read_many(keys)
        # What failed is read again by itself: among thousands, on a bad day, some always fail.
        return {key: found[key] if key in found else self.read(key) for key in keys}

    @retried
    def remove(self, key: str) -> None:
        """Remove an object; no error if there is none."""
        with explained(self.url, key):
            self._remove(key)

    @retried
    def remove_all(self) -> None:
        """Remove everything in the folder; no error if there is nothing."""
        with explained(self.url, ""):
            self._remove_all()

    def require_writable(self) -> None:
        """Find out now, not after hours of work, that nothing can be written here.

        Raises
        ------
        StoreError
            If a small object cannot be written and removed.
        """
        probe = f".probe-{uuid4().hex}"
        self.write(probe, b"")
        self.remove(probe)

    def left_behind(self, before: datetime, besides: Iterable[str] = ()) -> list[str]:
        """Keys of what commands that were killed have left before a time.

        Parameters
        ----------
        before : datetime
            UTC.
        besides : iterable of str
            Objects that are of no use now, besides marks, probes and halves of files.
        """
        found = (*filter(_MARK.search, self.keys()), *self._halves(), *besides)
        return [key for key in found if self._is_older(key, before)]

    def _is_older(self, key: str, time: datetime) -> bool:
        """Whether an object was written before a time; what was removed meanwhile was not."""
        with suppress(NotFoundError):
            written = self.modified(key)
            return written is not None and written < time
        return False

    def _halves(self) -> list[str]:
        """Keys of files that are no objects: being written, or what is left of that."""
        return []

    def _require_open(self, key: str) -> None:
        if self.last is None:
            return
        place, last = self.last
        if place.exists(last):
            raise ClosedError(f"{self.url}/{key}: not replaced, for {place.url}/{last} is there")

    def _replace(self, key: str, data: bytes) -> None:
        """Replace an object, and put it back if somebody finished the folder just before."""
        before = self._read(key, None, None)
        self._write(key, data)
        try:
            self._require_open(key)
        except StoreError:
            self._write(key, before)
            raise

    def _rewrite(self, key: str, change: Callable[[bytes | None], bytes]) -> bytes:
        """An update by somebody who holds the lock of the object."""
        try:
            present = self.read(key)
        except NotFoundError:
            present = None
        data = change(present)
        self.write(key, data)
        return data

    @abstractmethod
    def _read(self, key: str, start: int | None, end: int | None) -> bytes:
        """As `read`; FileNotFoundError if there is none."""

    @abstractmethod
    def _read_many(self, keys: Iterable[str]) -> dict[str, bytes]:
        """The objects that could be read, together if the store gains by it."""

    @abstractmethod
    def _write(self, key: str, data: bytes) -> None: ...

    @abstractmethod
    def _upload(self, key: str, file: Path) -> None: ...

    @abstractmethod
    def _create(self, key: str, data: bytes) -> bool: ...

    @abstractmethod
    def _update(self, key: str, change: Callable[[bytes | None], bytes]) -> bytes: ...

    @abstractmethod
    def _exists(self, key: str) -> bool: ...

    @abstractmethod
    def _modified(self, key: str) -> datetime | None: ...

    @abstractmethod
    def _size(self, key: str) -> int:
        """As `size`; FileNotFoundError if there is none."""

    @abstractmethod
    def _versions(self, under: str) -> dict[str, str | None]: ...

    @abstractmethod
    def _remove(self, key: str) -> None: ...

    @abstractmethod
    def _remove_all(self) -> None: ...


def folder(url: str | os.PathLike[str]) -> Folder:
    """The folder of a URL or local path.

    Parameters
    ----------
    url : str or path
        A path, or any fsspec URL: ``s3://bucket/prefix``, ``memory://name``. Credentials, region and
        endpoint of S3 come from the environment, as boto3 reads them (``AWS_ENDPOINT_URL`` and others).

    Raises
    ------
    StoreError
        For a protocol that fsspec does not know.
    InputError
        For a path that can be none: see `local_path`.
    """
    # Here, because each back end is a `Folder`.
    from lunarcloud.storage.backends import LocalFolder, MemoryFolder, ObjectFolder

    text = os.fspath(url).rstrip("/") or os.fspath(url)[:1]
    protocol, _, path = text.rpartition("://")
    if protocol in ("", "file", "local"):
        return LocalFolder(str(local_path(path)))
    if protocol == "memory":
        return MemoryFolder(text)
    place = ObjectFolder(text)
    place.require_protocol()
    return place


def local_path(text: str | os.PathLike[str]) -> Path:
    """A path on this machine, absolute, with ``~`` as the home of whoever asks.

    Raises
    ------
    InputError
        If it is empty, of a user whom nobody knows, or a URL with a slash too few.
    """
    typed = os.fspath(text)
    if not typed:
        raise InputError("the place is empty: give a folder, or a URL such as s3://bucket/prefix")
    if (found := _URL_CUT_SHORT.match(typed)) and "://" not in typed:
        rest = typed[found.end() :].lstrip("/")
        raise InputError(f"{typed}: a slash is missing; is {found[0]}//{rest} meant?")
    try:
        return Path(typed).expanduser().absolute()
    except RuntimeError as error:
        raise InputError(f"{typed}: there is no user {typed.partition('/')[0][1:]!r} here") from error
