"""Folders in this process's memory, shared by its threads: for tests and notebooks."""

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fsspec.implementations.memory import MemoryFileSystem

from lunarcloud.storage.digests import digest
from lunarcloud.storage.folder import Folder

# memory:// lives in one process: one lock there makes conditional writes atomic. One may be part of another.
_LOCK = threading.RLock()


@dataclass(frozen=True, slots=True)
class MemoryFolder(Folder):
    """A folder of fsspec's ``memory://``, so that xarray opens what is in it by its URL."""

    def _read(self, key: str, start: int | None, end: int | None) -> bytes:
        data: bytes = _memory().cat_file(self._path(key))
        return data[start:end]

    def _read_many(self, keys: Iterable[str]) -> dict[str, bytes]:
        return {key: self._read(key, None, None) for key in keys}

    def _write(self, key: str, data: bytes) -> None:
        _memory().pipe_file(self._path(key), data)

    def _upload(self, key: str, file: Path) -> None:
        self._write(key, file.read_bytes())

    def _create(self, key: str, data: bytes) -> bool:
        with _LOCK:
            if self._exists(key):
                return False
            self._write(key, data)
            return True

    def _update(self, key: str, change: Callable[[bytes | None], bytes]) -> bytes:
        with _LOCK:
            return self._rewrite(key, change)

    def _exists(self, key: str) -> bool:
        return bool(_memory().isfile(self._path(key)))

    def _modified(self, key: str) -> datetime | None:
        found: datetime = _memory().modified(self._path(key))
        return found

    def _size(self, key: str) -> int:
        if not self._exists(key):
            raise FileNotFoundError(key)
        return int(_memory().size(self._path(key)))

    def _versions(self, under: str) -> dict[str, str | None]:
        base = self._path("")
        found = _memory().find(self._path(under)) if _memory().isdir(self._path(under)) else []
        return {path[len(base) + 1 :]: digest(_memory().cat_file(path)) for path in found}

    def _remove(self, key: str) -> None:
        with suppress(FileNotFoundError):
            _memory().rm_file(self._path(key))

    def _remove_all(self) -> None:
        with suppress(FileNotFoundError):
            _memory().rm(self._path(""), recursive=True)

    def _path(self, key: str) -> str:
        return str(MemoryFileSystem._strip_protocol(f"{self.url}/{key}"))


def _memory() -> MemoryFileSystem:
    return MemoryFileSystem()
