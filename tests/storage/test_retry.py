"""A store that was there is waited for; one that never was is not."""

import logging
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from lunarcloud.config import settings
from lunarcloud.errors import TransientStoreError
from lunarcloud.storage import retried

_NUMBER = count()


@pytest.fixture
def where() -> str:
    """A store of which this process knows nothing."""
    return f"s3://bucket{next(_NUMBER)}/root"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {"BACKOFF_S": "0.000001", "PATIENCE_S": "60", "RETRIES": "3"}.items():
        monkeypatch.setenv(f"LUNARCLOUD_{name}", value)
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


class Store:
    """Fails so many times, then answers how often it was asked."""

    def __init__(self, failures: int) -> None:
        self.failures, self.asked = failures, 0

    def read(self, where: str) -> int:
        self.asked += 1
        if self.asked <= self.failures:
            raise TransientStoreError(f"{where}: 503")
        return self.asked


def test_a_store_that_has_answered_is_waited_for(where: str, caplog: pytest.LogCaptureFixture) -> None:
    assert retried(Store(0).read)(f"{where}/a") == 1
    with caplog.at_level(logging.WARNING, "lunarcloud"):
        assert retried(Store(12).read)(f"{where}/b") == 13
    assert "waiting for the store" in caplog.text
    assert f"{where}/b: 503" in caplog.text


def test_a_store_that_never_answered_is_given_up(where: str) -> None:
    store = Store(100)
    with pytest.raises(TransientStoreError):
        retried(store.read)(where)
    assert store.asked == 4


def test_patience_ends(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    retried(Store(0).read)(where)
    monkeypatch.setenv("LUNARCLOUD_PATIENCE_S", "0")
    settings.cache_clear()
    store = Store(100)
    with pytest.raises(TransientStoreError):
        retried(store.read)(where)
    assert store.asked == 4


def test_another_bucket_or_disk_is_another_store(where: str, tmp_path: Path) -> None:
    retried(Store(0).read)(str(tmp_path))
    store = Store(100)
    with pytest.raises(TransientStoreError):
        retried(store.read)(where)
    assert store.asked == 4
