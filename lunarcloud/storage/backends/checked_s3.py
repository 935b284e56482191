"""S3 whose answers are looked at: what a gateway or a broken network says in its place is tried again."""

import hashlib
import re
from typing import Any

from s3fs import S3FileSystem

# Whose answers name the object's version, whichever program the store is.
_TAGGED = {"get_object", "head_object", "put_object", "upload_part"}
# A tag that is the object's MD5: those of objects put in parts, or with a key, look or are said otherwise.
_MD5 = re.compile(r'"?([0-9a-f]{32})"?')


class ForeignAnswerError(ConnectionError):
    """Somebody else answered in the store's place, or on the way the answer became another one."""


class OtherBytesError(ForeignAnswerError):
    """The bytes that came are not those that the store names."""

    def __init__(self, came: bytes) -> None:
        super().__init__("other bytes came than the store names")
        self.came = came


class CheckedS3(S3FileSystem):  # type: ignore[misc]  # it has no types
    """S3 as s3fs has it, but for answers that cannot be the store's, which raise `ForeignAnswerError`."""

    async def _call_s3(self, method: str, *more: Any, **asked: Any) -> Any:
        answer = await super()._call_s3(method, *more, **asked)
        if not isinstance(answer, dict):
            return answer
        kind = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("content-type", "")
        if method in _TAGGED:
            if "ETag" not in answer:
                raise ForeignAnswerError(
                    f"an answer without the object's version, of type {kind or 'unknown'}"
                )
        elif kind.startswith("text/html"):
            raise ForeignAnswerError("a page came in place of the store's answer")
        if method == "get_object":
            answer["Body"] = _Body(answer)
        return answer

    async def _cat_file(self, path: str, *more: Any, **asked: Any) -> bytes:
        try:
            found: bytes = await super()._cat_file(path, *more, **asked)
        except OtherBytesError as error:
            found = await self._once_more(error.came, path, *more, **asked)
        return found

    async def _once_more(self, came: bytes, path: str, *more: Any, **asked: Any) -> bytes:
        """The bytes that come again: of a store whose tags are something else, the same ones."""
        try:
            found: bytes = await super()._cat_file(path, *more, **asked)
        except OtherBytesError as error:
            if error.came != came:
                raise
            return came
        return found


class _Body:
    """The body of an answer, found to be as long as was said and, if it is a whole object, to be that one."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer, self.body = answer, answer["Body"]

    async def read(self, *most: int) -> bytes:
        data: bytes = await self.body.read(*most)
        if most:
            return data
        start, stop, size = _range_of(self.answer, len(data))
        if len(data) != stop - start:
            raise ForeignAnswerError(f"{len(data)} of {stop - start} bytes came")
        tag = _MD5.fullmatch(self.answer["ETag"])
        by_key = "SSECustomerAlgorithm" in self.answer or "SSEKMSKeyId" in self.answer
        if tag and not by_key and (start, stop) == (0, size) and _md5(data) != tag[1]:
            raise OtherBytesError(data)
        return data

    def close(self) -> None:
        self.body.close()


def _range_of(answer: dict[str, Any], length: int) -> tuple[int, int, int]:
    """First byte, the one past the last, and the object's size, as an answer says; if it does not: all."""
    said = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", answer.get("ContentRange", ""))
    if not said:
        return 0, length, length
    first, last, size = map(int, said.groups())
    return first, last + 1, size


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
