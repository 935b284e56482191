"""The demonstration: every product, on an S3 server, readable by plain xarray.

A clone needs nothing beside it: no file elsewhere is read but the system's own, and none is written.
"""

import json
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

from lunarcloud.lineage import open_root
from lunarcloud.processes.demo import ACTION, Demonstration, MeanRow
from lunarcloud.testing.s3_server import S3
from lunarcloud.testing.traced import Traced, traced

pytestmark = pytest.mark.timeout(1800)
long = pytest.mark.long

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


@pytest.fixture(scope="module")
def demo(s3: S3, tmp_path_factory: pytest.TempPathFactory) -> Traced:
    """The whole demonstration as a command of its own, its results on S3: once for all that look at it."""
    command = [str(Path(sys.executable).with_name("lunarcloud")), "demo", "--root", "s3://moon/demonstration"]
    place = tmp_path_factory.mktemp("demonstration")
    return traced([*command, "--ppd", "2", "--seeds", "1", "--workers", "2", "--json"], place, s3.environment)


@pytest.fixture
def made(demo: Traced) -> dict[str, Any]:
    """What the demonstration says of itself."""
    said: dict[str, Any] = json.loads(demo.printed)
    return said


@pytest.fixture
def options(s3_environment: S3) -> dict[str, str]:
    """How anybody's xarray reaches the server."""
    return {
        "key": s3_environment.environment["AWS_ACCESS_KEY_ID"],
        "secret": s3_environment.environment["AWS_SECRET_ACCESS_KEY"],
        "endpoint_url": s3_environment.endpoint,
    }


@long
def test_plain_xarray_opens_every_product_on_s3(made: dict[str, Any], options: dict[str, str]) -> None:
    opened = {what: xr.open_zarr(url, storage_options=options) for what, url in made["opens"].items()}
    assert opened.keys() == {"mosaic", "maps", "gravity"}
    for data in opened.values():
        assert data.sizes["lat"] == 360
        assert "crs" in data.coords
    gravity = opened["gravity"].attrs
    assert (gravity["gravity_model"], gravity["topography"]) == ("LP165P", "LDEM_4")


@long
@pytest.mark.usefixtures("s3_environment")
def test_there_is_a_record_of_every_kind(made: dict[str, Any]) -> None:
    kinds = {entry.ref.kind for entry in open_root(made["root"]).catalog().records}
    findings = {"statistics", "comparisons", "polar", "provenance"}
    assert kinds == {"mosaics", "stations", "models", "runs", "gravity", *findings}


@long
def test_means_are_those_of_the_truth_and_of_lunar_prospector(made: dict[str, Any]) -> None:
    near = {row["map"]: row for row in made["means"]}
    assert near["feo_equation"]["mean"] == pytest.approx(near["feo_equation"]["truth"], abs=0.5)
    assert near["feo_equation"]["prospector"] == pytest.approx(7.67, abs=0.01)
    assert near["feo_equation"]["correlation"] > 0.78
    # Said of each mean: what was clipped is not in it, what is extrapolated is.
    assert 0.0 <= near["tio2_cnn"]["clipped"] < 5.0
    assert 0.0 < near["tio2_cnn"]["extrapolated"] < 20.0
    assert near["omat"]["prospector"] is None
    assert near["omat"]["mean"] == pytest.approx(near["omat"]["truth"], abs=0.005)
    assert near["al2o3_cnn"]["mean"] == pytest.approx(near["al2o3_cnn"]["truth"], abs=1.5)
    assert "validates nothing" in made["notes"][0]


def _row(mean: float | None, chance: float | None) -> MeanRow:
    return MeanRow(
        map="feo_cnn",
        units="wt%",
        mean=mean,
        chance=chance,
        truth=None,
        prospector=None,
        correlation=None,
        clipped=0.0,
        extrapolated=0.0,
    )


def test_a_mean_is_told_with_its_chance_where_there_is_one() -> None:
    means = (_row(8.48, 0.27), _row(8.48, None), _row(None, None))
    found = Demonstration(root="", tiles=0, records={}, opens={}, means=means)
    (table,) = ACTION.report(found).tables.values()
    told = [dict(zip(table.columns, row, strict=True))["mapped"] for row in table.rows]
    assert told == ["8.480 ± 0.270", "8.480", None]


def is_within(path: Path, places: Iterable[Path]) -> bool:
    return any(path.is_relative_to(place) for place in places)


@long
def test_the_demo_reads_and_writes_nothing_outside_its_places(
    demo: Traced, pytestconfig: pytest.Config
) -> None:
    clone, found, place = pytestconfig.rootpath, demo, demo.place
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
