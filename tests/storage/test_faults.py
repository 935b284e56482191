"""Faults of stores are told apart by type, code and status, whatever words stand in names and messages."""

from pathlib import Path

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, NoCredentialsError
from s3fs.errors import translate_boto_error

from lunarcloud.archive import read_file
from lunarcloud.config import settings
from lunarcloud.errors import AGAIN, LunarcloudError, NotFoundError, StoreError, TransientStoreError
from lunarcloud.storage import explained, folder
from lunarcloud.storage.faults import beyond_end, lost_race
from lunarcloud.testing.faulty_proxy import Faults
from lunarcloud.testing.s3_server import S3
from tests.web import busy_first, refusing


def of_s3(code: str, status: int, message: str = "what happened") -> Exception:
    """What s3fs makes of a store's answer."""
    said = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    found: Exception = translate_boto_error(ClientError(said, "GetObject"))
    return found


def as_ours(error: Exception) -> LunarcloudError:
    with pytest.raises((StoreError, NotFoundError)) as raised, explained("s3://moon", "a"):
        raise error
    return raised.value


@pytest.mark.parametrize("name", ["my bucket 500", "my-bucket", "SlowDown", "NoSuchBucket timed out"])
def test_a_missing_object_is_missing_whatever_its_folder_is_called(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFoundError, match="no such object"):
        folder(tmp_path / name).read("a 503")


def test_a_missing_object_is_missing_whatever_its_bucket_is_called(s3_environment: S3) -> None:
    with pytest.raises(NotFoundError, match="no such object"):
        folder("s3://moon/my bucket 500").read("SlowDown")


def test_words_of_a_message_make_no_fault_pass() -> None:
    assert as_ours(OSError(5, "500 SlowDown: Connect timed out")).exit_code == 2
    assert as_ours(of_s3("InvalidArgument", 400, "503 InternalError")).exit_code == 2
    assert type(as_ours(of_s3("NoSuchKey", 404, "no such bucket"))) is NotFoundError


@pytest.mark.parametrize(
    "error",
    [
        *(of_s3(str(status), status) for status in (429, 500, 502, 503, 504)),
        of_s3("SlowDown", 503),
        of_s3("InternalError", 500),
        of_s3("RequestTimeout", 400),
        of_s3("OperationAborted", 409),
        of_s3("BadDigest", 400),
        EndpointConnectionError(endpoint_url="https://example.org"),
        ConnectTimeoutError(endpoint_url="https://example.org"),
        TimeoutError(),
        ConnectionResetError(),
    ],
    ids=repr,
)
def test_what_may_pass_is_worth_another_try(error: Exception) -> None:
    found = as_ours(error)
    assert isinstance(found, TransientStoreError)
    assert found.exit_code == AGAIN


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (of_s3("NoSuchBucket", 404), "the bucket does not exist"),
        (of_s3("InvalidAccessKeyId", 403), "AWS_ACCESS_KEY_ID"),
        (of_s3("SignatureDoesNotMatch", 403), "AWS_SECRET_ACCESS_KEY"),
        (of_s3("RequestTimeTooSkewed", 403), "clock"),
        (of_s3("ExpiredToken", 400), "expired"),
        (of_s3("AccessDenied", 403), "not permitted"),
        (NoCredentialsError(), "no credentials"),
    ],
    ids=repr,
)
def test_what_no_waiting_mends_says_what_does(error: Exception, said: str) -> None:
    found = as_ours(error)
    assert said in str(found)
    assert found.exit_code == 2


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_web_server_that_is_busy_is_worth_another_try(status: int) -> None:
    with refusing(status) as url, pytest.raises(TransientStoreError):
        read_file(f"{url}/my bucket 500/tiles.txt", 100)


def test_a_file_of_a_web_server_that_was_busy_is_read() -> None:
    with busy_first(2, b"moon") as url:
        assert read_file(f"{url}/tiles.txt", 100).data == b"moon"


def test_a_web_server_that_is_away_is_worth_another_try() -> None:
    with pytest.raises(TransientStoreError):
        read_file("http://127.0.0.1:9/tiles.txt", 100)


def test_a_web_server_that_refuses_says_so() -> None:
    with refusing(403) as url, pytest.raises(StoreError, match="not permitted"):
        read_file(f"{url}/tiles.txt", 100)
    with refusing(404) as url, pytest.raises(NotFoundError):
        read_file(f"{url}/tiles.txt", 100)


def test_lost_races_and_ends_are_known_by_their_codes() -> None:
    assert lost_race(of_s3("PreconditionFailed", 412))
    assert lost_race(of_s3("ConditionalRequestConflict", 409))
    assert not lost_race(of_s3("InvalidArgument", 400, "PreconditionFailed"))
    assert beyond_end(of_s3("InvalidRange", 416))
    assert not beyond_end(of_s3("InvalidArgument", 400, "InvalidRange"))


def test_a_store_that_sends_a_byte_now_and_then_is_given_up(
    faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = folder("s3://moon/slow")
    place.write("a", b"moon" * 100)
    for name, value in {"REQUEST_S": "1", "RETRIES": "0", "TIMEOUT_S": "15"}.items():
        monkeypatch.setenv(f"LUNARCLOUD_{name}", value)
    settings.cache_clear()
    faults.plan = lambda asked, path: "slow" if asked == "GET" else None
    for ask in (lambda: place.read("a"), place.keys):
        with pytest.raises(TransientStoreError, match="not done after 1 s"):
            ask()


def test_a_store_that_takes_an_upload_a_byte_now_and_then_is_given_up(
    faults: Faults, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in {"REQUEST_S": "0.2", "RETRIES": "0", "TIMEOUT_S": "15"}.items():
        monkeypatch.setenv(f"LUNARCLOUD_{name}", value)
    settings.cache_clear()
    (tmp_path / "a").write_bytes(b"moon")
    faults.plan = lambda asked, path: "silent"
    with pytest.raises(TransientStoreError, match=r"not done after 0\.2 s"):
        folder("s3://moon/slow").upload("a", tmp_path / "a")
