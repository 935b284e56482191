"""Local clusters leave nothing behind; others are spoken to by TLS."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import dask
import psutil
import pytest
from distributed import LocalCluster, Security

from lunarcloud.engine import Cluster, MemoryPlan, Session
from lunarcloud.errors import AGAIN, AwayError, LunarcloudError


def test_nothing_stays_in_the_temporary_folder_or_where_the_command_ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("scratch", "here"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.chdir(tmp_path / "here")
    with Session(Cluster(workers=1)) as session:
        found = list(session.spread("hex", hex, [1], pixels=lambda _: 1, memory=MemoryPlan(task=1)))
        assert len(list(tmp_path.rglob("dask-scratch-space"))) == 1
    assert found == [(1, hex(1))]
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "here", tmp_path / "scratch"]


def _listening() -> set[tuple[str, int]]:
    """Addresses and ports on which this process and those that it started listen."""
    mine = psutil.Process()
    return {
        tuple(each.laddr)
        for process in (mine, *mine.children(recursive=True))
        for each in process.net_connections("tcp")
        if each.status == psutil.CONN_LISTEN
    }


def test_scheduler_workers_and_their_pages_listen_on_the_loopback_only() -> None:
    before = _listening()
    with Session(Cluster(workers=1)) as session:
        list(session.spread("hex", hex, [1], pixels=lambda _: 1, memory=MemoryPlan(task=1)))
        addresses = [address for address, _ in _listening() - before]
    # The scheduler and its pages, the worker and its, and who looks after it.
    assert len(addresses) >= 4
    assert set(addresses) == {"127.0.0.1"}


def test_workers_that_die_while_they_start_are_said_and_worth_another_try(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # An interpreter that finds no library ends at once.
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    with pytest.raises(AwayError, match="local workers ended while they started") as refused:
        _computed(None)
    assert refused.value.exit_code == AGAIN


_BUSY = """
import multiprocessing
import time

from lunarcloud.engine import Cluster, MemoryPlan, Session

def work(number):
    global lock
    lock = multiprocessing.Lock()
    time.sleep(60 * number)
    raise ValueError("no such thing")

if __name__ == "__main__":
    with Session(Cluster(workers=1)) as session:
        list(session.spread("work", work, [0, 1], pixels=lambda _: 1, memory=MemoryPlan(task=1)))
"""


def test_what_a_busy_worker_of_a_failed_command_leaves_is_cleaned_up_in_silence(tmp_path: Path) -> None:
    script = tmp_path / "busy.py"
    script.write_text(_BUSY)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, script], capture_output=True, env=environment, check=False)
    error = done.stderr.decode()
    assert error.splitlines()[-1].endswith("ComputeError: 0: ValueError: no such thing")
    assert "resource_tracker" not in error


@pytest.fixture
def certificates(tmp_path: Path) -> dict[str, Any]:
    """An authority's certificate and one by it for everybody, as files that Dask's configuration names."""
    made, files = Security.temporary(), {}
    for name in ("tls_ca_file", "tls_client_cert", "tls_client_key"):
        files[name] = tmp_path / name
        files[name].write_text(getattr(made, name))
    role = {"cert": str(files["tls_client_cert"]), "key": str(files["tls_client_key"])}
    return {
        "distributed.comm.tls.ca-file": str(files["tls_ca_file"]),
        **{
            f"distributed.comm.tls.{each}.{name}": path
            for each in ("client", "worker", "scheduler")
            for name, path in role.items()
        },
    }


def _computed(scheduler: str | None) -> list[tuple[int, str]]:
    with Session(Cluster(scheduler=scheduler)) as session:
        return list(session.spread("hex", hex, [1], pixels=lambda _: 1, memory=MemoryPlan(task=1)))


def test_a_scheduler_by_tls_answers_those_whose_certificate_it_trusts(certificates: dict[str, Any]) -> None:
    with (
        dask.config.set(certificates),
        LocalCluster(
            n_workers=1, protocol="tls://", security=Security(), dashboard_address="127.0.0.1:0"
        ) as own,
    ):
        assert own.scheduler_address.startswith("tls://127.0.0.1:")
        assert _computed(own.scheduler_address) == [(1, hex(1))]
        stranger = Security.temporary()
        with (
            dask.config.set({"distributed.comm.tls.ca-file": stranger.tls_ca_file}),
            pytest.raises(AwayError, match="no Dask scheduler answers"),
        ):
            _computed(own.scheduler_address)
        with pytest.raises(LunarcloudError, match="no Dask scheduler"):
            _computed(own.scheduler_address.replace("tls://", "tcp://"))
