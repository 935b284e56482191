"""``lunarcloud view``: the page of a root for this machine, or in the root for everybody."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
import requests

from lunarcloud.testing.fixtures import Command


def test_a_root_is_looked_at_until_the_command_is_stopped(truth_root: str) -> None:
    words = ("view", "--root", truth_root, "--port", "0", "--no-browser")
    with subprocess.Popen(
        [str(Path(sys.executable).with_name("lunarcloud")), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().decode().partition(" is at ")[2].split()[0]
        catalog = requests.get(f"{url}root/catalog.json", timeout=10)
        assert catalog.content == Path(truth_root, "catalog.json").read_bytes()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=10)
    assert (process.returncode, said) == (0, b"")


def test_the_page_is_put_into_the_root(lunarcloud: Command, truth_root: str) -> None:
    code, out, _ = lunarcloud("view", "--root", truth_root, "--export")
    assert (code, out) == (0, f"wrote {truth_root}/view/index.html\n")
    assert Path(truth_root, "view", "index.html").exists()


def test_the_page_is_put_beside_a_root_on_another_host(
    lunarcloud: Command, truth_root: str, tmp_path: Path
) -> None:
    words = ("--export", "--to", tmp_path, "--address", "https://moon.example/root")
    code, out, _ = lunarcloud("view", "--root", truth_root, *words)
    assert (code, out) == (0, f"wrote {tmp_path}/view/index.html\n")
    assert "https://moon.example;" in Path(tmp_path, "view", "index.html").read_text()


@pytest.mark.parametrize("words", [("--to", "site"), ("--export", "--address", "https://moon.example")])
def test_half_of_another_host_is_refused(
    lunarcloud: Command, truth_root: str, words: tuple[str, ...]
) -> None:
    code, _, said = lunarcloud("view", "--root", truth_root, *words)
    assert code == 2
    assert "needs both --to and --address" in said


def test_a_root_without_anything_published_is_refused(lunarcloud: Command) -> None:
    code, _, said = lunarcloud("view", "--root", f"memory://{uuid4().hex}")
    assert code == 2
    assert "nothing is published" in said


@pytest.mark.parametrize("port", ["-1", "65536", "moon"])
def test_a_port_that_cannot_be_is_refused(lunarcloud: Command, truth_root: str, port: str) -> None:
    code, _, said = lunarcloud("view", "--root", truth_root, "--port", port)
    assert code == 2
    assert "--port" in said
