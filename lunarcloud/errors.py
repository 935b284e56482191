"""Every error lunarcloud raises on purpose: one base, each also the built-in it resembles.

A message says what was wrong, with which value, in which file or record, what is allowed and what to
do. The command line prints the message alone and ends with the class's ``exit_code``.
"""

from typing import ClassVar

from lunarcloud.redaction import without_secrets

#: Exit code of what may pass by itself: the same command, run again later, can succeed.
AGAIN = 75


class LunarcloudError(Exception):
    """Base of all errors of this package; catch it to catch them all."""

    exit_code: ClassVar[int] = 1

    def __str__(self) -> str:
        """The message, without credentials: it may hold a URL that was typed, or what a library said."""
        return without_secrets(super().__str__())


class InputError(LunarcloudError, ValueError):
    """What the caller gave cannot be used as it is."""

    exit_code: ClassVar[int] = 2


class ArchiveError(InputError):
    """A file of somebody else's archive is damaged, of another kind, or says something impossible."""


class GeometryError(InputError):
    """A coordinate, grid or coordinate reference system that does not fit the Moon or the data."""


class NotFoundError(InputError, LookupError):
    """Nothing of that name is under the root."""


class StoreError(LunarcloudError, OSError):
    """The storage does not answer, refuses, or holds something damaged."""

    exit_code: ClassVar[int] = 2


class TransientStoreError(StoreError):
    """A fault of the storage that may pass: a time-out, a cut connection, a busy server. Worth a retry.

    Attributes
    ----------
    wait_s : float
        Seconds for which the server asked to be left alone.
    """

    exit_code: ClassVar[int] = AGAIN
    wait_s: float = 0.0


class DamagedError(StoreError):
    """What came is not what was written: it is damaged, or became another on the way."""


class ClosedError(StoreError):
    """What was to be replaced belongs to something finished: whoever came first has published it."""


class AwayError(LunarcloudError, ConnectionError):
    """The Dask cluster does not answer, was lost, or has no workers. Worth a retry."""

    exit_code: ClassVar[int] = AGAIN


class ComputeError(LunarcloudError, RuntimeError):
    """The computation itself failed: a shard that keeps failing, or kills its workers."""


class MissingPackageError(LunarcloudError, ImportError):
    """An optional dependency is not installed."""

    exit_code: ClassVar[int] = 2
