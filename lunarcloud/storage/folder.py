"""A folder of objects behind any fsspec URL: whole, atomic writes and two conditional ones.

Local files are written beside their place and moved into it; an object store's put is atomic by itself.
So a reader finds an object whole or not at all.
"""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import fsspec
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from lunarcloud.config import settings
from lunarcloud.errors import NotFoundError, StoreError, TransientStoreError
from lunarcloud.storage.retry import retried

# memory:// lives in one process: one lock there makes its conditional writes atomic.
_MEMORY_LOCK = threading.Lock()
# Suffix of local files that are no objects: being written, or locks.
_PARTIAL = ".partial"
# Libraries whose errors are the store's, not ours.
_CLIENTS = {"botocore", "aiobotocore", "aiohttp", "gcsfs", "adlfs", "s3fs"}
# What object stores say when a conditional write lost: s3fs translates it differently by server.
_LOST_RACE = ("PreconditionFailed", "ConditionalRequestConflict", "At least one of the pre-conditions")
_PASSING = ("503", "500", "SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "timed out")
# Bases of what the libraries raise when a connection broke, whatever they say.
_BROKEN = {"HTTPClientError", "ClientConnectionError", "ClientPayloadError", "IncompleteReadError"}
_ADVICE = {
    "NoSuchBucket": "the bucket does not exist",
    "InvalidAccessKeyId": "the access key is not known there; check AWS_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "the secret key is wrong; check AWS_SECRET_ACCESS_KEY",
    "AccessDenied": "these credentials may not do that",
}


@dataclass(frozen=True, slots=True)
class Folder:
    """A place for objects; small and picklable, connects when used. Make one with `folder`."""

    url: str

    def __truediv__(self, name: str) -> "Folder":
        return Folder(f"{self.url}/{name}")

    @retried
    def read(self, key: str) -> bytes:
        """The bytes of an object.

        Raises
        ------
        NotFoundError
            If there is none.
        StoreError
            If the store does not answer or refuses.
        """
        with explained(self.url, key):
            data: bytes = self._fs.cat_file(self._path(key))
            return data

    @retried
    def write(self, key: str, data: bytes) -> None:
        """Put an object, whole or not at all; what was there is replaced."""
        with explained(self.url, key):
            if isinstance(self._fs, LocalFileSystem):
                with _beside(self._path(key), data) as written:
                    written.replace(self._path(key))
            else:
                self._fs.pipe_file(self._path(key), data)

    @retried
    def create(self, key: str, data: bytes) -> bool:
        """Put an object only if there is none yet; whether this call put it.

        An answer that got lost reads as no: the object is there, and perhaps by this call.
        """
        with explained(self.url, key):
            try:
                self._create(self._path(key), data)
            except OSError as error:
                if not _lost_race(error):
                    raise
                return False
            return True

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
            if isinstance(self._fs, LocalFileSystem):
                return self._update_locked(key, change)
            if isinstance(self._fs, MemoryFileSystem):
                with _MEMORY_LOCK:
                    return self._rewrite(key, change)
            return self._update_matched(key, change)

    @retried
    def exists(self, key: str) -> bool:
        """Whether there is an object of that key."""
        with explained(self.url, key):
            try:
                # Not isfile: it takes every fault of the store for a no.
                return bool(self._fs.info(self._path(key))["type"] == "file")
            except FileNotFoundError:
                return False

    @retried
    def keys(self) -> list[str]:
        """The keys of all objects in the folder and its subfolders, sorted."""
        with explained(self.url, ""):
            base = self._path("").rstrip("/")
            found = self._fs.find(base) if self._fs.isdir(base) else []
            return sorted(str(path)[len(base) + 1 :] for path in found if not str(path).endswith(_PARTIAL))

    def read_all(self) -> dict[str, bytes]:
        """The bytes of all objects by key, read together."""
        keys = self.keys()
        with explained(self.url, ""):
            paths = [self._path(key) for key in keys]
            found = self._fs.cat(paths, on_error="return") if paths else {}
        # What failed is read again by itself: among thousands, on a bad day, some always fail.
        return {
            key: found[path] if isinstance(found[path], bytes) else self.read(key)
            for key, path in zip(keys, paths, strict=True)
        }

    def require_writable(self) -> None:
        """Find out now, not after hours of work, that nothing can be written here.

        Raises
        ------
        StoreError
            If a small object cannot be written and removed.
        """
        probe = f".probe-{uuid4().hex}"
        self.write(probe, b"")
        self._remove(probe)

    @retried
    def _remove(self, key: str) -> None:
        with explained(self.url, key), suppress(FileNotFoundError):
            self._fs.rm_file(self._path(key))

    @property
    def _fs(self) -> Any:
        with explained(self.url, ""):
            found = fsspec.core.url_to_fs(self.url, **_options(self.url))[0]
            # `retried` alone decides: tries within tries would wait for hours.
            if hasattr(found, "retries"):
                found.retries = 1
            return found

    def _path(self, key: str) -> str:
        return str(self._fs._strip_protocol(f"{self.url}/{key}" if key else self.url))

    def _create(self, path: str, data: bytes) -> None:
        if isinstance(self._fs, LocalFileSystem):
            with _beside(path, data) as written:
                os.link(written, path)
        elif isinstance(self._fs, MemoryFileSystem):
            with _MEMORY_LOCK:
                if self._fs.exists(path):
                    raise FileExistsError(path)
                self._fs.pipe_file(path, data)
        else:
            self._fs.pipe_file(path, data, mode="create")

    def _update_locked(self, key: str, change: Callable[[bytes | None], bytes]) -> bytes:
        lock = Path(self._path(key) + _PARTIAL)
        lock.parent.mkdir(parents=True, exist_ok=True)
        # The system drops the lock with the process, so a killed publisher blocks nobody.
        with lock.open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            return self._rewrite(key, change)

    def _rewrite(self, key: str, change: Callable[[bytes | None], bytes]) -> bytes:
        data = change(self.read(key) if self.exists(key) else None)
        self.write(key, data)
        return data

    def _update_matched(self, key: str, change: Callable[[bytes | None], bytes]) -> bytes:
        while True:
            tag, present = self._tagged(key)
            data = change(present)
            if present is None:
                if self.create(key, data):
                    return data
                continue
            try:
                self._fs.pipe_file(self._path(key), data, IfMatch=tag)
            except OSError as error:
                if not _lost_race(error):
                    raise
            else:
                return data

    def _tagged(self, key: str) -> tuple[str | None, bytes | None]:
        """The entity tag and bytes of one and the same version of an object."""
        while True:
            try:
                before = self._fs.info(self._path(key), refresh=True)["ETag"]
                data = self._fs.cat_file(self._path(key))
                if self._fs.info(self._path(key), refresh=True)["ETag"] == before:
                    return before, data
            except FileNotFoundError:
                return None, None


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
    """
    text = os.fspath(url).rstrip("/") or "/"
    if "://" not in text:
        text = str(Path(text).expanduser().absolute())
    place = Folder(text.removeprefix("file://"))
    _ = place._fs
    return place


@contextmanager
def _beside(path: str, data: bytes) -> Iterator[Path]:
    """A file with the data next to a path, gone afterwards."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{uuid4().hex}{_PARTIAL}")
    try:
        partial.write_bytes(data)
        yield partial
    finally:
        partial.unlink(missing_ok=True)


def _options(url: str) -> dict[str, Any]:
    if not url.startswith(("s3://", "s3a://")):
        return {}
    seconds = settings().timeout_s
    network = {"connect_timeout": seconds, "read_timeout": seconds, "retries": {"max_attempts": 0}}
    # Listings change under other writers' hands: never answer from a cached one.
    return {"use_listings_cache": False, "config_kwargs": network}


def _lost_race(error: OSError) -> bool:
    text = f"{error} {error.__cause__}"
    return isinstance(error, FileExistsError) or any(words in text for words in _LOST_RACE)


@contextmanager
def explained(url: str, key: str) -> Iterator[None]:
    """Turn what the many file systems raise into this package's errors."""
    where = f"{url}/{key}" if key else url
    try:
        yield
    except (NotFoundError, StoreError):
        raise
    except FileNotFoundError as error:
        if "bucket" in str(error).lower():
            raise StoreError(f"{where}: the bucket does not exist; create it or correct the URL") from error
        raise NotFoundError(f"{where}: there is no such object") from error
    except (PermissionError, NotADirectoryError, IsADirectoryError, FileExistsError) as error:
        # A refused question, unlike a refused write, does not say what was wrong with the credentials.
        asked = "; check AWS_ACCESS_KEY_ID, its secret and what they may do there" if "://" in url else ""
        raise StoreError(f"{where}: not permitted ({_reason(error)}){asked}") from error
    except (TimeoutError, ConnectionError) as error:
        raise TransientStoreError(f"{where}: the store does not answer ({_reason(error)})") from error
    except (ImportError, ValueError) as error:
        raise StoreError(f"{where}: not a URL that can be opened ({error})") from error
    except Exception as error:
        if not _from_store(error):
            raise
        raise _store_error(where, error) from error


def _from_store(error: Exception) -> bool:
    return isinstance(error, OSError) or type(error).__module__.split(".")[0] in _CLIENTS


def _store_error(where: str, error: Exception) -> StoreError:
    text = f"{type(error).__name__} {error} {error.__cause__}"
    for code, advice in _ADVICE.items():
        if code in text:
            return StoreError(f"{where}: {advice} ({error})")
    if "Credentials" in text:
        return StoreError(f"{where}: no credentials; set AWS_ACCESS_KEY_ID and its secret ({error})")
    broken = _BROKEN & {base.__name__ for base in type(error).__mro__}
    passing = broken or any(word in text for word in _PASSING) or "Connect" in text
    kind = TransientStoreError if passing else StoreError
    return kind(f"{where}: the store failed ({_reason(error)})")


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
