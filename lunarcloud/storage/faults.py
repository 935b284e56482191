"""What the many file systems raise, as this package's errors: by type, code and status, not by words."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from lunarcloud.errors import (
    DamagedError,
    LunarcloudError,
    NotFoundError,
    StoreError,
    TransientStoreError,
)

# Libraries whose errors are the store's, not ours.
_CLIENTS = {"botocore", "aiobotocore", "aiohttp", "gcsfs", "adlfs", "s3fs"}
# What object stores say when a conditional write lost.
_LOST_RACE = {"PreconditionFailed", "ConditionalRequestConflict"}
# What may be otherwise in a minute, by the store's code and by HTTP status.
_PASSING = {
    "SlowDown",
    "ServiceUnavailable",
    "InternalError",
    "RequestTimeout",
    "OperationAborted",
    # What was sent became another on its way.
    "BadDigest",
    "IncompleteBody",
    "XAmzContentSHA256Mismatch",
}
_PASSING_STATUS = {408, 425, 429, 500, 502, 503, 504}
# Bases of what the libraries raise when a connection broke, whatever they say.
_BROKEN = {
    "HTTPClientError",
    "ConnectionError",
    "ClientConnectionError",
    "ClientPayloadError",
    "IncompleteReadError",
    "ResponseParserError",
    "FlexibleChecksumError",
    "Timeout",
    "TimeoutError",
}
_NO_CREDENTIALS = {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"}
_ADVICE = {
    "NoSuchBucket": "the bucket does not exist; create it or correct the URL",
    "InvalidAccessKeyId": "the access key is not known there; check AWS_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "the secret key is wrong; check AWS_SECRET_ACCESS_KEY",
    "RequestTimeTooSkewed": "this machine's clock and the store's are too far apart; set the clock",
    "ExpiredToken": "the credentials have expired; get new ones",
}
# Of what a library says; some print all that they were given.
_REASON_LENGTH = 300


class Answer(NamedTuple):
    """What a store said of a failed request.

    Attributes
    ----------
    code : str
        Its own word for it, as S3 has them; empty where there is none.
    status : int
        Of HTTP; 0 where there was no answer.
    """

    code: str
    status: int


def answer_of(error: BaseException) -> Answer:
    """What a store said, from what a library made of it."""
    for each in _causes(error):
        response = getattr(each, "response", None)
        if isinstance(response, Mapping):
            status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            return Answer(str(response.get("Error", {}).get("Code", "")), int(status))
        # As aiohttp, Azure's and Google's libraries call it.
        for name in ("status", "status_code", "code"):
            if isinstance(status := getattr(each, name, None), int):
                return Answer("", status)
    return Answer("", 0)


def lost_race(error: BaseException) -> bool:
    """Whether a conditional write failed because somebody else's came first."""
    code, status = answer_of(error)
    return isinstance(error, FileExistsError) or code in _LOST_RACE or status == 412


def beyond_end(error: BaseException) -> bool:
    """Whether a part was asked for that begins beyond the object."""
    code, status = answer_of(error)
    return code == "InvalidRange" or status == 416


@contextmanager
def explained(url: str, key: str) -> Iterator[None]:
    """Turn what the many file systems raise into this package's errors."""
    where = f"{url}/{key}" if key else url
    try:
        yield
    except LunarcloudError:
        raise
    except FileNotFoundError as error:
        raise _missing(where, error) from error
    except (PermissionError, NotADirectoryError, IsADirectoryError, FileExistsError) as error:
        if (code := answer_of(error).code) in _ADVICE:
            raise StoreError(f"{where}: {_ADVICE[code]} ({_reason(error)})") from error
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


def _missing(where: str, error: FileNotFoundError) -> LunarcloudError:
    (code, status), cause = answer_of(error), error.__cause__
    if code in _ADVICE:
        return StoreError(f"{where}: {_ADVICE[code]}")
    # So fsspec says of a web server that is away or refuses, too.
    if isinstance(cause, Exception) and _is_refusal(cause) and status not in (404, 410):
        return _store_error(where, cause)
    return NotFoundError(f"{where}: there is no such object")


def _is_refusal(cause: Exception) -> bool:
    return _from_store(cause) and not isinstance(cause, FileNotFoundError)


@contextmanager
def undamaged(url: str, what: str) -> Iterator[None]:
    """As `explained`, and whatever else libraries raise is about what was stored: it is damaged.

    Parameters
    ----------
    url : str
        The place, which is known to be there: what is missing in it is damage too.
    what : str
        What is read there, for the message.
    """
    with explained(url, ""):
        try:
            yield
        except Exception as error:
            lost = isinstance(error, FileNotFoundError)
            if isinstance(error, LunarcloudError) or (_from_store(error) and not lost):
                raise
            reason = f"{type(error).__name__}: {error}"
            raise DamagedError(f"{url}: {what} is damaged ({reason[:_REASON_LENGTH]}); repair it") from error


def _from_store(error: Exception) -> bool:
    return isinstance(error, OSError) or type(error).__module__.split(".")[0] in _CLIENTS


def _store_error(where: str, error: Exception) -> StoreError:
    code, status = answer_of(error)
    if code in _ADVICE:
        return StoreError(f"{where}: {_ADVICE[code]} ({error})")
    kinds = {base.__name__ for each in _causes(error) for base in type(each).__mro__}
    if kinds & _NO_CREDENTIALS:
        return StoreError(f"{where}: no credentials; set AWS_ACCESS_KEY_ID and its secret ({error})")
    if status in (401, 403):
        return StoreError(f"{where}: not permitted, or no longer ({_reason(error)}); check the credentials")
    passing = kinds & _BROKEN or code in _PASSING or status in _PASSING_STATUS
    kind = TransientStoreError if passing else StoreError
    return kind(f"{where}: the store failed ({_reason(error)})")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error, what it was made from, and so on."""
    each: BaseException | None = error
    while each is not None:
        yield each
        each = each.__cause__


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
