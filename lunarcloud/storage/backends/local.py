"""Folders on a disk: files are written beside their place and moved into it, or linked if it must be new."""

import fcntl
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from lunarcloud.storage.faults import explained
from lunarcloud.storage.folder import Folder

# Suffix of files that are no objects: being written, or locks.
_PARTIAL = ".partial"


@dataclass(frozen=True, slots=True)
class LocalFolder(Folder):
    """A folder whose URL is an absolute path."""

    def require_writable(self) -> None:
        """As `Folder.require_writable`, of the nearest folder that is there: nothing is left behind."""
        there = next(each for each in (Path(self.url), *Path(self.url).parents) if each.exists())
        Folder.require_writable(replace(self, url=str(there)))

    def open(self, key: str) -> BinaryIO:
        """As `Folder.open`."""
        with explained(self.url, key):
            self._size(key)
            return self._path(key).open("rb")

    def _read(self, key: str, start: int | None, end: int | None) -> bytes:
        with self._path(key).open("rb") as file:
            begin = start or 0
            if begin < 0:
                begin = max(0, os.fstat(file.fileno()).st_size + begin)
            file.seek(begin)
            return file.read(-1 if end is None else max(0, end - begin))

    def _read_many(self, keys: Iterable[str]) -> dict[str, bytes]:
        return {key: self._read(key, None, None) for key in keys}

    def _write(self, key: str, data: bytes) -> None:
        with _beside(self._path(key), data) as written:
            written.replace(self._path(key))

    def _upload(self, key: str, file: Path) -> None:
        # Renamed where both are on one disk, else copied: never half an object under its name. Onto a name
        # that there is not yet: for one that there is, ext4 writes out the whole file first.
        with _new_beside(self._path(key)) as written:
            shutil.move(file, written)
            written.replace(self._path(key))

    def _create(self, key: str, data: bytes) -> bool:
        with _beside(self._path(key), data) as written:
            try:
                os.link(written, self._path(key))
            except FileExistsError:
                return False
        return True

    def _update(self, key: str, change: Callable[[bytes | None], bytes]) -> bytes:
        with _alone(self._path(key + _PARTIAL)):
            return self._rewrite(key, change)

    def _exists(self, key: str) -> bool:
        try:
            self._size(key)
        except FileNotFoundError:
            return False
        return True

    def _modified(self, key: str) -> datetime | None:
        return datetime.fromtimestamp(self._path(key).stat().st_mtime, UTC)

    def _size(self, key: str) -> int:
        about = self._path(key).stat()
        if not stat.S_ISREG(about.st_mode):
            raise FileNotFoundError(key)
        return about.st_size

    def _versions(self, under: str) -> dict[str, str | None]:
        found: dict[str, str | None] = {}
        for parent, _, names in os.walk(self._path(under), followlinks=True):
            inside = Path(parent).relative_to(self.url)
            # No time of a disk is exact enough to tell two versions apart.
            found |= {str(inside / name): None for name in names if not name.endswith(_PARTIAL)}
        return found

    def _remove(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def _remove_all(self) -> None:
        with suppress(FileNotFoundError):
            shutil.rmtree(self.url)

    def _halves(self) -> list[str]:
        found = Path(self.url).rglob(f"*{_PARTIAL}")
        return [str(path.relative_to(self.url)) for path in found if path.is_file() and not _is_held(path)]

    def _path(self, key: str) -> Path:
        return Path(self.url, key)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold a lock, a file of that path, which is gone afterwards."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    while True:
        # The system drops the lock with the process, so a killed publisher blocks nobody.
        with lock.open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            # Whoever held it before has removed it meanwhile: a lock on what has no name keeps nobody out.
            if not _is_at(lock, handle.fileno()):
                continue
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)
            return


def _is_held(lock: Path) -> bool:
    """Whether somebody holds the lock that a file may be."""
    with lock.open() as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _is_at(path: Path, opened: int) -> bool:
    """Whether an open file is still the one at a path."""
    try:
        return os.path.samestat(path.stat(), os.fstat(opened))
    except FileNotFoundError:
        return False


@contextmanager
def _beside(target: Path, data: bytes) -> Iterator[Path]:
    """A file with the data next to a path, gone afterwards."""
    with _new_beside(target) as partial:
        partial.write_bytes(data)
        yield partial


@contextmanager
def _new_beside(target: Path) -> Iterator[Path]:
    """A path next to another, where nothing is yet, and nothing afterwards."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{uuid4().hex}{_PARTIAL}")
    try:
        yield partial
    finally:
        partial.unlink(missing_ok=True)
