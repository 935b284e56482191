"""Proof that workers see the store that their command sees, before any work: not a disk of their own."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

from lunarcloud.errors import InputError, NotFoundError, StoreError
from lunarcloud.storage import RECORD, Folder, folder


@dataclass(frozen=True, slots=True)
class Mark:
    """An object that the command has written or read, for workers to find.

    Attributes
    ----------
    place : Folder
        Where.
    key : str
        Its key there.
    content : bytes
        Its bytes, which are nowhere else.
    """

    place: Folder
    key: str
    content: bytes

    @property
    def _reply(self) -> str:
        return f"{self.key}-reply"

    def set(self) -> None:
        """Write it; runs in the command."""
        self.place.write(self.key, self.content)

    def require(self, worker: str) -> None:
        """Find it; runs on a worker.

        Raises
        ------
        InputError
            If it is not there.
        """
        try:
            seen = self.place.read(self.key)
        except NotFoundError as error:
            raise InputError(self._unseen(f"worker {worker} does not see what the command wrote")) from error
        if seen != self.content:
            raise InputError(self._unseen(f"worker {worker} sees something else than the command wrote"))

    def reply(self, worker: str) -> None:
        """Find it and answer; runs on a worker."""
        self.require(worker)
        self.place.write(self._reply, self.content)

    def require_reply(self, worker: str) -> None:
        """Find a worker's answer; runs in the command.

        Raises
        ------
        InputError
            If it is not there.
        """
        try:
            self.place.read(self._reply)
        except NotFoundError as error:
            raise InputError(self._unseen(f"the command does not see what worker {worker} wrote")) from error
        self.place.remove(self._reply)

    def clear(self) -> None:
        """Remove it, if that can be done now: left behind, it harms nobody."""
        with suppress(StoreError):
            self.place.remove(self.key)

    def _unseen(self, what: str) -> str:
        return (
            f"{what} to {self.place.url}: all must see the same files. Use a folder that all machines share, "
            "or an object store such as s3://bucket/prefix (memory:// exists within one process only)"
        )


def mark(place: Folder) -> Mark:
    """A mark to be set in a folder."""
    nonce = uuid4().hex
    return Mark(place, f".seen-{nonce}", nonce.encode())


def recorded(place: Folder) -> Mark:
    """The record in its folder, once it is finished: a mark that need not be set where nobody may write."""
    return Mark(place, RECORD, place.read(RECORD))


def beside(place: Folder) -> Folder:
    """The folder that holds the Zarr store which a group is, or is a part of."""
    parts = place.url.split("/")
    stores = [number for number, part in enumerate(parts) if part.endswith(".zarr")]
    return folder("/".join(parts[: stores[0] if stores else -1]))
