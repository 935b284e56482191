"""What commands cost that find everything done, and a list of many records: CPU seconds of a new process.

    python -m benchmarks.again [--root ROOT]

Every record of a root (of a demonstration made for it, if none is given) is asked for again, as somebody
would who types the command a second time. The peer is Python loading xarray and zarr, as any script about
such results does before it does anything.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks._results import Row, report
from lunarcloud.lineage import Entry, open_root
from lunarcloud.storage import folder
from lunarcloud.testing.many_records import write_many_records
from lunarcloud.testing.s3_server import s3_server

_ROUNDS = 5
_MANY = 10_000
_PEER = [sys.executable, "-c", "import xarray, zarr"]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--root", help="a local root with records of every kind")
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        given = arguments.parse_args().root or _demonstration(place)
        commands = {entry.process: _again(given, entry) for entry in open_root(given).catalog().records}
        commands["reprocess"] = ["reprocess", "--root", given]
        many = str(place / "many")
        write_many_records(place / "many", _MANY, _MANY)
        commands[f"list of the last of {_MANY} records"] = ["list", "--root", many]
        commands[f"list of {_MANY} records"] = ["list", "--root", many, "--all"]
        bucket = place / "s3"
        bucket.mkdir()
        with s3_server(bucket) as server:
            os.environ.update(server.environment)
            commands["reprocess, root on S3"] = ["reprocess", "--root", _on_s3(given)]
            _measure({what: [_program(), *words] for what, words in commands.items()})


def _measure(commands: dict[str, Sequence[str]]) -> None:
    peer, rows = _seconds(_PEER), list[Row]()
    for what, command in commands.items():
        found = _seconds(command)
        rows.append({"command": what, "CPU s": round(found, 2), "of the peer": round(found / peer, 2)})
    rows.append({"command": "peer: import xarray, zarr", "CPU s": round(peer, 2), "of the peer": 1.0})
    note = f"Medians of {_ROUNDS} processes; everything is done already, so nothing is computed."
    report("commands with nothing to do", rows, of=__file__, packages=("xarray", "zarr"), note=note)


def _seconds(command: Sequence[str]) -> float:
    return float(np.median([_once(command) for _ in range(_ROUNDS)]))


def _once(command: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "COLUMNS": "200"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _demonstration(place: Path) -> str:
    root = str(place / "demonstration")
    subprocess.run([_program(), "demo", "--root", root, "--ppd", "2"], check=True, capture_output=True)
    return root


def _again(root: str, entry: Entry) -> list[str]:
    record = Path(root) / entry.ref.path / "record.json"
    return ["run", json.loads(record.read_text())["process"], "--root", root, "--inputs", str(record)]


def _on_s3(root: str) -> str:
    """A copy of a root in a bucket."""
    here, there = folder(root), folder("s3://moon/again")
    for key, data in here.read_all().items():
        there.write(key, data)
    return there.url


def _program() -> str:
    return str(Path(sys.executable).with_name("lunarcloud"))


if __name__ == "__main__":
    main()
