"""Killed by SIGKILL after each of its steps on a root on disk, and called again: the same bytes at last."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lunarcloud.engine import Cluster
from lunarcloud.lineage import open_root
from lunarcloud.moon import grid
from lunarcloud.processes import load_process
from lunarcloud.reprocessing.change import untold
from lunarcloud.storage import folder
from lunarcloud.testing.make import act, make
from lunarcloud.testing.small_root import spectra, write_mosaic

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("sketches")]

SEVEN = b"site,lat,lon,feo,tio2,r415,r750,r900,r950,r1000\nChang'E-7,-88,5,9.9,3.,.06,.095,.092,.093,.096\n"
#: After which step it dies, and the how manieth of those below that is, which one that goes on passes again.
STEPS = {
    "the table is published": 1,
    "the model is": 2,
    "the run is": 3,
    "the finding is": 4,
    "the comparison is": 5,
    "the change is written down": 6,
    "the heads have moved": 7,
    # What follows begins with a root where all is made.
    "the report is written": 1,
}
#: Reprocesses and kills itself after a step that it had not come to before.
PROGRAM = """
import os, signal, sys
from lunarcloud.cli import main
from lunarcloud.engine import session
from lunarcloud.lineage import Root
from lunarcloud.processes import load_process
from lunarcloud.reprocessing import action, reconcile, telling
from lunarcloud.testing.fixtures import sketching

last, seen = int(sys.argv.pop()), 0

def deadly(inner):
    def outer(*given):
        global seen
        found = inner(*given)
        seen += 1
        if seen == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return found
    return outer

reconcile._published_table = deadly(reconcile._published_table)
reconcile._made = deadly(reconcile._made)
reconcile._compared = deadly(reconcile._compared)
action.write_change = deadly(action.write_change)
Root.advance = deadly(Root.advance)
telling.tell = deadly(telling.tell)
if last < 0:  # amid the shards of the run
    session.ShardDone, last, seen = deadly(session.ShardDone), -last, 0
import lunarcloud.processes.map
lunarcloud.processes.map._draw = lambda *_: {}
with sketching():
    main()
"""


@pytest.fixture
def place(tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root with a model, a run and a finding, to which a sample comes."""
    monkeypatch.setattr("lunarcloud.processes.map._draw", lambda *_: {})
    found = tmp_path / "root"
    write_mosaic(folder(found), grid(1, 90), spectra)
    make("fit", found, equations_only=True, reflectance="table")
    make("map", found, cluster)
    make("reduce", found, cluster)
    folder(found / "inbox").write("seven.csv", SEVEN)
    return found


def _bytes(place: Path) -> dict[str, Any]:
    """What was made, and what the heads are."""
    root = open_root(place)
    catalog = root.catalog()
    # The first is the mosaic, which is made up.
    records = [root.record(each, load_process(each.process).card) for each in catalog.records[1:]]
    content = {str(each.ref): (each.digest, each.outputs, each.ledgers) for each in records}
    return {**content, "heads": catalog.heads}


def _killed(place: Path, cluster: Cluster, last: int) -> subprocess.CompletedProcess[bytes]:
    """A reprocess that dies after so many steps, or shards where below 0; 0: never."""
    words = [sys.executable, "-c", PROGRAM, "reprocess", "--now", "--root", str(place)]
    words += ["--scheduler", str(cluster.scheduler), str(last)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(words, env=environment, capture_output=True, check=False)


def _computed(place: Path, cluster: Cluster) -> int:
    """Reprocess; how many shards of the run that took."""
    steps = act("reprocess", place, cluster, now=True).steps
    return int(next(step.shards_computed for step in steps if step.process == "map"))


def test_killed_amid_the_shards_it_computes_the_others_alone(
    place: Path, cluster: Cluster, tmp_path: Path
) -> None:
    quiet = Path(shutil.copytree(place, tmp_path / "quiet"))
    every = _computed(quiet, cluster)
    killed = _killed(place, cluster, -5)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    folder(place / "leases").remove("reprocess.json")
    assert 0 < _computed(place, cluster) <= every - 5
    assert _bytes(place) == _bytes(quiet)


def test_killed_after_each_step_and_called_again_it_makes_the_same_bytes(
    place: Path, cluster: Cluster, tmp_path: Path
) -> None:
    quiet = Path(shutil.copytree(place, tmp_path / "quiet"))
    act("reprocess", quiet, cluster, now=True)
    before = open_root(place).catalog()
    for step, number in STEPS.items():
        killed = _killed(place, cluster, number)
        assert killed.returncode == -signal.SIGKILL, (step, killed.stderr)
        heads = open_root(place).catalog().heads
        moved = {series for series in before.heads if heads[series] != before.heads[series]}
        # All of them together, and in the end: stations, model, run, finding.
        assert len(moved) == (4 if step in list(STEPS)[6:] else 0), step
        # One would have to wait until the killed is taken for dead.
        folder(place / "leases").remove("reprocess.json")
    last = _killed(place, cluster, 0)
    assert last.returncode == 0, last.stderr
    assert _bytes(place) == _bytes(quiet)
    assert untold(open_root(place)) == []
    assert len(list((place / "reprocess").glob("*/report.html"))) == 1
