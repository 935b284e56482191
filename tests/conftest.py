"""What the tests of many rooms share: reference data, a Dask cluster of processes, an S3 server."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import pytest
from distributed import Client
from hypothesis import settings as hypothesis_settings
from s3_server import S3, s3_server

from lunarcloud.cli.app import run
from lunarcloud.config import settings
from lunarcloud.engine import Cluster, connect

# The same examples everywhere, and no deadline: a slow machine is not a wrong result.
hypothesis_settings.register_profile("lunarcloud", deadline=None, derandomize=True, max_examples=40)
hypothesis_settings.load_profile("lunarcloud")


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of reference data; tests that need it fail without it."""
    return settings().reference_data


@pytest.fixture(scope="session")
def lp_archive(reference_data) -> str:
    """A whole Moon of 996 tiles whose oxides are Lunar Prospector's, with planted defects."""
    return str(reference_data / "tiles_lp" / "dim_tiles_4ppd.tar.gz")


@pytest.fixture(scope="session")
def client() -> Iterator[Client]:
    """A cluster of two processes, shared by tests that do not harm it."""
    with connect(Cluster(workers=2)) as found:
        yield found


@pytest.fixture(scope="session")
def scheduler(client) -> str:
    """The address of the shared cluster, for commands."""
    return str(client.scheduler.address)


@pytest.fixture(scope="session")
def s3(tmp_path_factory) -> Iterator[S3]:
    """A real S3 server with the bucket ``moon``."""
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def s3_environment(s3, monkeypatch) -> S3:
    """The environment of somebody who may write to the server."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    fsspec.filesystem("s3").clear_instance_cache()
    return s3


@pytest.fixture
def lunarcloud(monkeypatch, capfd) -> Callable[..., tuple[int, str, str]]:
    """Run a command as the terminal would: its exit code, standard output and error."""

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["lunarcloud", *map(str, words)])
        capfd.readouterr()
        try:
            code = run()
        except SystemExit as end:
            code = int(end.code or 0)
        printed = capfd.readouterr()
        return code, printed.out, printed.err

    return call
