"""How a list and a publication grow with the records of a root: seconds, and bytes moved on S3.

    python -m benchmarks.many_records [--most 10000]

Every record is of a series of its own. The peer is the same command on a root of a hundred records. Beside it
stands what the catalog would be as one object, which each of them would read.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks._results import Row, report
from lunarcloud.lineage import open_root
from lunarcloud.storage import folder
from lunarcloud.testing.faulty_proxy import Faults, faulty_proxy
from lunarcloud.testing.many_records import write_many_records
from lunarcloud.testing.s3_server import s3_server

_ROUNDS = 5
_FEWEST = 100
_TABLE = "site,lat,lon,feo,r415,r750,r900,r950,r1000\nPlace {number},{number},5,9.9,.06,.095,.092,.093,.096\n"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--most", type=int, default=10_000, help="records of the fullest root")
    most = arguments.parse_args().most
    numbers = [_FEWEST * 10**power for power in range(9) if _FEWEST * 10**power < most] + [most]
    with tempfile.TemporaryDirectory() as name, s3_server(Path(name)) as server:
        os.environ.update(server.environment)
        for number in numbers:
            _write(Path(name) / f"of{number}", _url(number), number)
        with faulty_proxy(server.endpoint) as proxy:
            os.environ["AWS_ENDPOINT_URL"] = proxy.endpoint
            rows = [row for number in numbers for row in _measured(Path(name), number, proxy)]
    peers = {row["command"]: float(str(row["s"])) for row in rows if row["records"] == _FEWEST}
    report(
        "a list and a publication beside many records",
        [{**row, "of the peer": round(float(str(row["s"])) / peers[row["command"]], 2)} for row in rows],
        of=__file__,
        packages=("s3fs",),
        note=f"Medians of {_ROUNDS} processes; each record is of its own series.",
    )


def _measured(place: Path, number: int, proxy: Faults) -> list[Row]:
    catalog = open_root(_url(number)).catalog().model_dump_json()
    commands = {
        "list": [["list"]] * _ROUNDS,
        "stations add": [["stations", "add", str(_table(place, each))] for each in range(_ROUNDS)],
    }
    rows: list[Row] = []
    for command, calls in commands.items():
        found = [_once([*words, "--root", _url(number)], proxy) for words in calls]
        seconds, moved = np.median(found, axis=0)
        rows.append(
            {
                "command": command,
                "records": number,
                "s": round(float(seconds), 2),
                "MB": round(float(moved) / 1e6, 2),
                "catalog as one object, MB": round(len(catalog) / 1e6, 2),
            }
        )
    return rows


def _once(words: Sequence[str], proxy: Faults) -> tuple[float, int]:
    """Seconds that a command takes, and bytes that it moves."""
    begun, before = time.perf_counter(), proxy.moved
    subprocess.run([_program(), *words], check=True, capture_output=True)
    return time.perf_counter() - begun, proxy.moved - before


def _write(place: Path, url: str, number: int) -> None:
    """Put what says of a root which records there are into the bucket."""
    write_many_records(place, number, number)
    for key, data in folder(place).read_all().items():
        if not key.startswith("stac/items"):
            folder(url).write(key, data)


def _table(place: Path, number: int) -> Path:
    path = place / f"table{number}.csv"
    path.write_text(_TABLE.format(number=number))
    return path


def _url(number: int) -> str:
    return f"s3://moon/of{number}"


def _program() -> str:
    return str(Path(sys.executable).with_name("lunarcloud"))


if __name__ == "__main__":
    main()
