"""A clone needs nothing beside it: no file elsewhere is read but the system's own, and none is written."""

import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

import pytest

from lunarcloud.testing.traced import Traced, traced

# Where Python and the installed packages are, also where links from there lead.
PYTHON = {
    place.resolve() if linked else place
    for linked in (False, True)
    for place in map(Path, (sys.prefix, sys.base_prefix, sysconfig.get_path("stdlib")))
}
# What else may be read, each with its reason.
SYSTEM = {
    "/proc": "psutil and distributed: memory, processors, this process",
    "/sys": "distributed: the memory and processors that a container is given",
    "/dev": "null, urandom and shared memory",
    "/usr/share/fonts": "matplotlib: lettering",
    "/usr/local/share/fonts": "matplotlib: lettering",
    "/usr/share/zoneinfo": "pandas: time zones",
    "/etc/localtime": "pandas: the machine's time zone",
    "/etc/dask": "dask: settings for the whole machine",
    "/etc/os-release": "platform, of Python's own library",
}
# What may be written outside the place of the results: nothing that stays.
SCRATCH = (Path("/dev/null"), Path("/dev/shm"))  # noqa: S108  # only named


def is_within(path: Path, places: Iterable[Path]) -> bool:
    return any(path.is_relative_to(place) for place in places)


@pytest.mark.timeout(1800)
def test_the_demo_reads_and_writes_nothing_outside_its_places(
    traced_demo: Traced, pytestconfig: pytest.Config
) -> None:
    clone, found, place = pytestconfig.rootpath, traced_demo, traced_demo.place
    # The trace sees the workers too, which are processes of their own, and the shipped data.
    assert len(found.processes) > 2
    assert clone / "lunarcloud/archive/data/LP165P.cof" in found.opened
    allowed = (clone, place, *PYTHON, *map(Path, SYSTEM))
    assert not sorted(path for path in found.opened if not is_within(path, allowed))
    home = place / "home"
    at_home = [path.relative_to(home).parts for path in found.changed if path.is_relative_to(home)]
    assert {parts[0] for parts in at_home} <= {".cache", ".config"}
    outside = (path for path in found.changed if not is_within(path, (place, *SCRATCH)))
    # Modules that Python compiles on their first import stay beside their source.
    assert not sorted(path for path in outside if "__pycache__" not in path.parts)


def test_a_file_elsewhere_would_be_noticed(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "read").touch()
    code = f"import os; open({str(elsewhere / 'read')!r}); os.mkdir({str(elsewhere / 'made')!r})"
    found = traced([sys.executable, "-c", code], tmp_path)
    assert elsewhere / "read" in found.opened - found.changed
    assert elsewhere / "made" in found.changed
