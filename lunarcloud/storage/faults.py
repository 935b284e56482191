"""What the many file systems raise, as this package's errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from lunarcloud.errors import LunarcloudError, NotFoundError, StoreError, TransientStoreError

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
    "RequestTimeTooSkewed": "this machine's clock and the store's are too far apart; set the clock",
    "AccessDenied": "these credentials may not do that",
}
# Of what a library says; some print all that they were given.
_REASON_LENGTH = 300


def lost_race(error: OSError) -> bool:
    """Whether a conditional write failed because somebody else's came first."""
    text = f"{error} {error.__cause__}"
    return isinstance(error, FileExistsError) or any(words in text for words in _LOST_RACE)


@contextmanager
def explained(url: str, key: str) -> Iterator[None]:
    """Turn what the many file systems raise into this package's errors."""
    where = f"{url}/{key}" if key else url
    try:
        yield
    except LunarcloudError:
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
            raise StoreError(f"{url}: {what} is damaged ({reason[:_REASON_LENGTH]}); repair it") from error


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
