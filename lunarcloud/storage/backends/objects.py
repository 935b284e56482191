"""Folders of object stores behind fsspec: a put is atomic by itself, conditions are the store's own."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import fsspec

from lunarcloud.config import settings
from lunarcloud.storage.faults import beyond_end, explained, lost_race
from lunarcloud.storage.folder import Folder
from lunarcloud.storage.headers import cache_control, content_type

# A file goes up in parts about as large, each with the time of a request.
_PART = 50 << 20


@dataclass(frozen=True, slots=True)
class ObjectFolder(Folder):
    """A folder of S3 or of any other file system that fsspec knows."""

    def require_protocol(self) -> None:
        """Refuse a URL that no installed file system opens.

        Raises
        ------
        StoreError
            Naming it.
        """
        with explained(self.url, ""):
            self._at("")

    def _read(self, key: str, start: int | None, end: int | None) -> bytes:
        if end is not None and end <= (start or 0):
            return b""
        store, path = self._at(key)
        try:
            # A range also of the whole: without one s3fs asks for the size before, in a request of its own.
            data: bytes = _within_time(store, "cat_file", path, start=start or 0, end=end)
        except Exception as error:
            if not beyond_end(error):
                raise
            return b""
        return data

    def _read_many(self, keys: Iterable[str]) -> dict[str, bytes]:
        paths = {self._at(key)[1]: key for key in keys}
        if not paths:
            return {}
        try:
            found = _within_time(self._at("")[0], "cat", list(paths), on_error="return")
        except TimeoutError:
            return {}
        return {paths[path]: data for path, data in found.items() if isinstance(data, bytes)}

    def _write(self, key: str, data: bytes) -> None:
        store, path = self._at(key)
        _within_time(store, "pipe_file", path, data, **_said(path, store))

    def _upload(self, key: str, file: Path) -> None:
        store, path = self._at(key)
        # In parts, of which the store makes an object once the last one has come.
        seconds = settings().request_s * (1 + file.stat().st_size // _PART)
        _within(seconds, store, "put_file", str(file), path, **_said(path, store))

    def _create(self, key: str, data: bytes) -> bool:
        store, path = self._at(key)
        try:
            _within_time(store, "pipe_file", path, data, mode="create", **_said(path, store))
        except OSError as error:
            if not lost_race(error):
                raise
            return False
        return True

    def _update(self, key: str, change: Callable[[bytes | None], bytes]) -> bytes:
        store, path = self._at(key)
        while True:
            tag, present = _tagged(store, path)
            data = change(present)
            if present is None:
                if self.create(key, data):
                    return data
                continue
            try:
                _within_time(store, "pipe_file", path, data, IfMatch=tag, **_said(path, store))
            except OSError as error:
                if not lost_race(error):
                    raise
            else:
                return data

    def _exists(self, key: str) -> bool:
        try:
            self._size(key)
        except FileNotFoundError:
            return False
        return True

    def _modified(self, key: str) -> datetime | None:
        store, path = self._at(key)
        try:
            found: datetime = store.modified(path)
        except NotImplementedError:
            return None
        return found

    def _size(self, key: str) -> int:
        store, path = self._at(key)
        # Not isfile and size: they take every fault of the store for a no.
        about = _within_time(store, "info", path)
        if about["type"] != "file":
            raise FileNotFoundError(path)
        return int(about["size"])

    def _versions(self, under: str) -> dict[str, str | None]:
        store, base = self._at("")
        start = self._at(under)[1]
        listed = _within_time(store, "isdir", start)
        found = _within_time(store, "find", start, detail=True) if listed else {}
        versions = {str(path)[len(base.rstrip("/")) + 1 :]: _tag(about) for path, about in found.items()}
        # Some stores list an empty object in the place of a folder that was made, or emptied.
        return {key: version for key, version in versions.items() if key}

    def _remove(self, key: str) -> None:
        store, path = self._at(key)
        with suppress(FileNotFoundError):
            store.rm_file(path)

    def _remove_all(self) -> None:
        store, path = self._at("")
        with suppress(FileNotFoundError):
            store.rm(path, recursive=True)

    def _at(self, key: str) -> tuple[Any, str]:
        """The file system and the path of an object there."""
        url = f"{self.url}/{key}" if key else self.url
        store, path = _opened(url)
        # `retried` alone decides: tries within tries would wait for hours.
        if hasattr(store, "retries"):
            store.retries = 1
        return store, path


def _opened(url: str) -> tuple[Any, str]:
    if not url.startswith(("s3://", "s3a://")):
        found: tuple[Any, str] = fsspec.core.url_to_fs(url)
        return found
    # Loads s3fs, which other stores need not have.
    from lunarcloud.storage.backends.checked_s3 import CheckedS3

    seconds = settings().timeout_s
    network = {"connect_timeout": seconds, "read_timeout": seconds, "retries": {"max_attempts": 0}}
    # Listings change under other writers' hands: never answer from a cached one.
    return CheckedS3(use_listings_cache=False, config_kwargs=network), CheckedS3._strip_protocol(url)


def _within_time(store: Any, call: str, *args: Any, **keywords: Any) -> Any:
    """What a call of a file system gives, if it takes no longer than the setting ``request_s``.

    The store's own time-outs count from byte to byte: one that sends a byte a second is never silent.
    """
    return _within(settings().request_s, store, call, *args, **keywords)


def _within(seconds: float, store: Any, call: str, *args: Any, **keywords: Any) -> Any:
    if not store.async_impl:
        return getattr(store, call)(*args, **keywords)
    try:
        return fsspec.asyn.sync(store.loop, getattr(store, f"_{call}"), *args, timeout=seconds, **keywords)
    except TimeoutError as error:
        raise TimeoutError(f"not done after {seconds:g} s") from error


def _said(path: str, store: Any) -> dict[str, str]:
    """What S3 tells browsers of an object that is written; other stores are told nothing (docs/store.md)."""
    if "s3" not in store.protocol:
        return {}
    return {"ContentType": content_type(path), "CacheControl": cache_control(path)}


def _tag(about: Mapping[str, Any]) -> str | None:
    """The entity tag in what a store says of an object: S3's name of it, or others'."""
    return about.get("ETag") or about.get("etag")


def _tagged(store: Any, path: str) -> tuple[str | None, bytes | None]:
    """The entity tag and bytes of one and the same version of an object."""
    while True:
        try:
            before = _within_time(store, "info", path, refresh=True)["ETag"]
            data = _within_time(store, "cat_file", path)
            if _within_time(store, "info", path, refresh=True)["ETag"] == before:
                return before, data
        except FileNotFoundError:
            return None, None
