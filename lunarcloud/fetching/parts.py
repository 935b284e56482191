"""Files on their way: on a disk under another name, for a store in memory, until they are whole."""

import io
import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import IO
from urllib.parse import quote, unquote

from lunarcloud.storage import Folder, explained

_PARTIAL = ".partial"
# Names of files have 255 bytes at most.
_LONGEST_VALIDATOR = 120


class Part(ABC):
    """The bytes of a file that have come so far.

    Attributes
    ----------
    validator : str
        What the server calls this version of the file; empty where it has no name that can be trusted.
    size : int
        Bytes that are here.
    """

    validator: str = ""
    size: int = 0

    @abstractmethod
    def restart(self, validator: str = "") -> None:
        """Let go of what is here, and begin a version of the file."""

    @abstractmethod
    def append(self, block: bytes) -> None:
        """Add the bytes that came next."""

    @abstractmethod
    def open(self) -> IO[bytes]:
        """What is here, to be read."""

    @abstractmethod
    def keep(self) -> None:
        """Give the file its name, in one step."""

    @abstractmethod
    def close(self) -> None:
        """Leave what is here, for another time where it stays."""


def part_of(place: Folder, name: str) -> Part:
    """What is here of a file.

    Parameters
    ----------
    place : Folder
        Where the file goes to.
    name : str
        What it will be called there.
    """
    return _StorePart(place, name) if "://" in place.url else _DiskPart(Path(place.url), name)


class _DiskPart(Part):
    """A file beside its place, which whoever comes after a kill goes on with.

    Its name says which version of the file it is of, so that bytes of two versions never meet in one file.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._target = folder / name
        self._file: IO[bytes] | None = None
        self._path = self._named("")
        with explained(str(folder), name):
            folder.mkdir(parents=True, exist_ok=True)
            # Of a version without a name: nobody can say what else belongs to it.
            self._path.unlink(missing_ok=True)
            for found in sorted(folder.glob(f"{name}.*{_PARTIAL}")):
                if self.size:
                    found.unlink()
                    continue
                quoted = found.name.removeprefix(f"{name}.").removesuffix(_PARTIAL)
                self._path, self.validator, self.size = found, unquote(quoted), found.stat().st_size

    def restart(self, validator: str = "") -> None:
        self.close()
        with explained(str(self._path), ""):
            self._path.unlink(missing_ok=True)
        self.validator = validator if len(quote(validator, safe="")) <= _LONGEST_VALIDATOR else ""
        self._path, self.size = self._named(self.validator), 0

    def append(self, block: bytes) -> None:
        with explained(str(self._path), ""):
            if self._file is None:
                self._file = self._path.open("ab")
            self._file.write(block)
        self.size += len(block)

    def open(self) -> IO[bytes]:
        self.close()
        # An empty answer has made no file.
        return self._path.open("rb") if self.size else io.BytesIO()

    def keep(self) -> None:
        with explained(str(self._target), ""):
            with self._path.open("ab") as file:
                os.fsync(file.fileno())
            self._path.replace(self._target)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _named(self, validator: str) -> Path:
        quoted = f".{quote(validator, safe='')}" if validator else ""
        return self._target.with_name(f"{self._target.name}{quoted}{_PARTIAL}")


class _StorePart(Part):
    """A file in memory until it is whole: a store keeps objects whole or not at all."""

    def __init__(self, place: Folder, name: str) -> None:
        self._place, self._name, self._held = place, name, io.BytesIO()

    def restart(self, validator: str = "") -> None:
        self._held, self.validator, self.size = io.BytesIO(), validator, 0

    def append(self, block: bytes) -> None:
        self._held.write(block)
        self.size += len(block)

    def open(self) -> IO[bytes]:
        return io.BytesIO(self._held.getvalue())

    def keep(self) -> None:
        self._place.write(self._name, self._held.getvalue())

    def close(self) -> None:
        self._held.close()
