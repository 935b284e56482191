"""S3 whose answers are looked at: what a gateway or a broken network says in its place is tried again."""

import hashlib
import re
from typing import Any

from s3fs import S3FileSystem

# Whose answers name the object's version, whichever program the store is.
_TAGGED = {"get_object", "head_object", "put_object", "upload_part"}
# What sends an object, or a part of it.
_PUTS = {"put_object", "upload_part"}
_SENT_AGAIN = 3
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
    """S3 as s3fs has it, but for answers that cannot be the store's, which raise `ForeignAnswerError`.

    Attributes
    ----------
    tags_are_digests : bool or None
        Whether the store names what it was given by its MD5; None if it was given nothing yet. Once it has,
        another name says that what was sent became another on its way.
    """

    tags_are_digests: bool | None = None

    async def _call_s3(self, method: str, *more: Any, **asked: Any) -> Any:
        answer = await super()._call_s3(method, *more, **asked)
        if not isinstance(answer, dict):
            return answer
        _require_the_stores(method, answer)
        if method in _PUTS:
            return await self._arrived(answer, method, *more, **asked)
        if method == "get_object":
            answer["Body"] = _Body(answer, tag_is_digest=self.tags_are_digests is not False)
        return answer

    async def _arrived(self, answer: dict[str, Any], method: str, *more: Any, **asked: Any) -> dict[str, Any]:
        """What the store says once it has what was sent; what became another on its way is sent again."""
        sent = _md5(asked.get("Body", b""))
        for _ in range(_SENT_AGAIN):
            if not self._names_another(answer, sent):
                return answer
            answer = await super()._call_s3(method, *more, **_in_place_of(answer, asked))
            _require_the_stores(method, answer)
        if self._names_another(answer, sent):
            if self.tags_are_digests:
                raise ForeignAnswerError("the store was given other bytes than were sent")
            self.tags_are_digests = False
        return answer

    def _names_another(self, answer: dict[str, Any], sent: str) -> bool:
        tag = _md5_in(answer)
        if tag == sent and self.tags_are_digests is None:
            self.tags_are_digests = True
        return tag not in (None, sent) and self.tags_are_digests is not False

    async def _cat_file(self, path: str, *more: Any, **asked: Any) -> bytes:
        try:
            found: bytes = await super()._cat_file(path, *more, **asked)
        except OtherBytesError as error:
            if self.tags_are_digests:
                raise
            found = await self._again(error, path, *more, **asked)
        return found

    async def _again(self, first: OtherBytesError, path: str, *more: Any, **asked: Any) -> bytes:
        """The bytes that come again: the same ones, if this store's tags are something else."""
        try:
            found: bytes = await super()._cat_file(path, *more, **asked)
        except OtherBytesError as error:
            if error.came != first.came:
                raise
            return error.came
        return found


def _require_the_stores(method: str, answer: dict[str, Any]) -> None:
    kind = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("content-type", "")
    if method in _TAGGED and "ETag" not in answer:
        raise ForeignAnswerError(f"{kind or 'something'} came, without the object's version")
    if method not in _TAGGED and kind.startswith("text/html"):
        raise ForeignAnswerError("a page came in place of the store's answer")


def _in_place_of(answer: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    """A request to put an object in the place of what the same request put there, and of nothing else."""
    if not asked.keys() & {"IfMatch", "IfNoneMatch"}:
        return asked
    return {
        **{name: value for name, value in asked.items() if name != "IfNoneMatch"},
        "IfMatch": answer["ETag"],
    }


def _md5_in(answer: dict[str, Any]) -> str | None:
    """The digest that an answer names an object by, where that may be one."""
    found = _MD5.fullmatch(answer["ETag"])
    by_key = "SSECustomerAlgorithm" in answer or "SSEKMSKeyId" in answer
    return found[1] if found and not by_key else None


class _Body:
    """The body of an answer, found to be as long as was said and, if it is a whole object, to be that one."""

    def __init__(self, answer: dict[str, Any], *, tag_is_digest: bool) -> None:
        self.answer, self.body, self.tag_is_digest = answer, answer["Body"], tag_is_digest

    async def read(self, *most: int) -> bytes:
        data: bytes = await self.body.read(*most)
        if most:
            return data
        start, stop, size = _range_of(self.answer, len(data))
        if len(data) != stop - start:
            raise ForeignAnswerError(f"{len(data)} of {stop - start} bytes came")
        # Of a part no digest is known: chunks have their own.
        tag = _md5_in(self.answer) if self.tag_is_digest and (start, stop) == (0, size) else None
        if tag and _md5(data) != tag:
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
