"""Credentials in URLs and beside their names are taken out of any text, and nothing else is."""

import json

import pytest

from lunarcloud.errors import InputError, StoreError, TransientStoreError
from lunarcloud.redaction import without_credentials, without_secrets, without_url_secrets

SIGNED = "https://b.example.org/ui03n003.img?X-Amz-Expires=60&X-Amz-Signature=hunter2"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (
            f"{SIGNED}: there is no such object",
            "https://b.example.org/ui03n003.img?***: there is no such object",
        ),
        ("(https://b.example.org/x?hunter2)", "(https://b.example.org/x?***)"),
        ("s3://bucket/x?versionId=hunter2 is away", "s3://bucket/x?*** is away"),
        ("https://ada:hun@ter2@example.org/a@b", "https://***@example.org/a@b"),
        ("url: /x?AWSAccessKeyId=hunter2&Signature=hunter2", "url: /x?AWSAccessKeyId=***&Signature=***"),
    ],
)
def test_secrets_are_taken_out(text: str, left: str) -> None:
    assert without_secrets(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "s3://bucket/ui??n*.img holds no tile",
        "is it https://example.org/x? No.",
        "/data/my-secret: there is no such object",
        "ada@example.org wrote a/b?c=d",
    ],
)
def test_everything_else_stays(text: str) -> None:
    assert without_secrets(text) == text


def test_documents_stay_documents() -> None:
    held = {"a": [f'open_zarr("{SIGNED}")', "https://ada:hunter2@example.org"], "b": "ada@example.org"}
    cleaned = json.loads(without_url_secrets(json.dumps(held)))
    assert "hunter2" not in str(cleaned)
    assert cleaned["b"] == held["b"]


@pytest.mark.parametrize("kind", [InputError, StoreError, TransientStoreError])
def test_no_error_of_ours_says_a_secret(kind: type[Exception]) -> None:
    assert str(kind(f"{SIGNED}: away")) == "https://b.example.org/ui03n003.img?***: away"


def test_a_url_alone_loses_all_that_may_be_secret() -> None:
    assert without_credentials("https://ada:hunter2@example.org/x?y#z") == "https://example.org/x"
