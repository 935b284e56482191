"""Proof that workers see the store that their command sees, before any work: not a disk of their own."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

from lunarcloud.errors import InputError, NotFoundError, StoreError
from lunarcloud.storage import Folder, folder


@dataclass(frozen=True, slots=True)
class Mark:
    """An object that the command has written, for workers to find.

    Attributes
    ----------
    place : Folder
        Where.
    nonce : str
        Its content, known to nobody else.
    """

    place: Folder
    nonce: str

    @property
    def _key(self) -> str:
        return f".seen-{self.nonce}"

    @property
    def _reply(self) -> str:
        return f".seen-{self.nonce}-reply"

    def set(self) -> None:
        """Write it; runs in the command."""
        self.place.write(self._key, self.nonce.encode())

    def require(self, worker: str) -> None:
        """Find it; runs on a worker.

        Raises
        ------
        InputError
            If it is not there.
        """
        try:
            seen = self.place.read(self._key)
        except NotFoundError as error:
            raise InputError(self._unseen(f"worker {worker} does not see what the command wrote")) from error
        if seen != self.nonce.encode():
            raise InputError(self._unseen(f"worker {worker} sees something else than the command wrote"))

    def reply(self, worker: str) -> None:
        """Find it and answer; runs on a worker."""
        self.require(worker)
        self.place.write(self._reply, self.nonce.encode())

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
            self.place.remove(self._key)

    def _unseen(self, what: str) -> str:
        return (
            f"{what} to {self.place.url}: all must see the same files. Use a folder that all machines share, "
            "or an object store such as s3://bucket/prefix (memory:// exists within one process only)"
        )


def mark(place: Folder) -> Mark:
    """A mark to be set in a folder."""
    return Mark(place, uuid4().hex)


def beside(place: Folder) -> Folder:
    """The folder that holds the Zarr store which a group is, or is a part of."""
    parts = place.url.split("/")
    stores = [number for number, part in enumerate(parts) if part.endswith(".zarr")]
    return folder("/".join(parts[: stores[0] if stores else -1]))
