"""The synthetic gravity model is the same bytes in whatever process it is written."""

import os
import subprocess
import sys
from pathlib import Path

CODE = (
    "import sys; from lunarcloud.synthetic.gravity import write_gravity; write_gravity(sys.argv[1], lmax=24)"
)


def test_every_process_writes_the_same_bytes(tmp_path: Path) -> None:
    # With FFTs that are planned by the clock, as pyshtools' Fortran does, two of five differ nearly always.
    written = set()
    for number in range(5):
        place = tmp_path / str(number)
        threads = {"OMP_NUM_THREADS": str(1 + number % 3), "OPENBLAS_NUM_THREADS": str(1 + number % 2)}
        environment = {**os.environ, **threads, "PYTHONHASHSEED": str(number)}
        subprocess.run([sys.executable, "-c", CODE, str(place)], env=environment, check=True)
        written.add(tuple(path.read_bytes() for path in sorted(place.iterdir())))
    assert len(written) == 1
