"""What people install: small, the same from both archives, and enough to run where there is no checkout."""

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from lunarcloud.testing.traced import traced

# Installing all dependencies and fitting networks takes minutes on a slow machine.
pytestmark = pytest.mark.timeout(3600)

MOST_BYTES = 12e6


def build(source: Path, place: Path, *targets: str) -> None:
    words = [word for target in targets for word in ("-t", target)]
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", place, *words], cwd=source, check=True)


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Path:
    """A folder with the sdist and the wheel of this checkout."""
    place = tmp_path_factory.mktemp("dist")
    build(pytestconfig.rootpath, place, "sdist", "wheel")
    return place


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def unpacked(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist, unpacked."""
    (found,) = built.glob("*.tar.gz")
    place = tmp_path_factory.mktemp("sdist")
    with tarfile.open(found) as archive:
        archive.extractall(place, filter="data")
    return place / found.name.removesuffix(".tar.gz")


def test_the_wheel_is_small_and_holds_the_package_alone(wheel: Path) -> None:
    assert wheel.stat().st_size <= MOST_BYTES
    names = contents(wheel)
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"lunarcloud"}
    kept = {
        "py.typed",
        "archive/data/LDEM_4.IMG",
        "viewer/static/index.html",
        "viewer/static/THIRD_PARTY.txt",
    }
    assert {f"lunarcloud/{name}" for name in kept} <= set(names)


def test_the_sdist_builds_the_same_wheel(unpacked: Path, wheel: Path, tmp_path: Path) -> None:
    build(unpacked, tmp_path, "wheel")
    (again,) = tmp_path.glob("*.whl")
    assert contents(again) == contents(wheel)


def test_the_sdist_can_be_tested(unpacked: Path) -> None:
    for name in ("Makefile", "constraints.txt", "LICENSE", "tests/conftest.py", "tests/data/README.md"):
        assert (unpacked / name).is_file(), name


def test_the_wheel_runs_the_demo_in_another_environment(
    wheel: Path, unpacked: Path, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    place = tmp_path / "venv"
    venv.create(place, with_pip=True)
    python = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    what = f"lunarcloud[fit] @ {wheel.as_uri()}"
    words = ["-m", "pip", "install", "--quiet", "-c", str(unpacked / "constraints.txt"), what]
    subprocess.run([python, *words], cwd=tmp_path, check=True)
    lunarcloud = python.with_name("lunarcloud")
    found = traced([lunarcloud, "demo", "--ppd", "2", "--seeds", "2"], tmp_path)
    assert "means over the whole Moon" in found.printed
    said, _, root = found.printed.splitlines()[-1].strip().rpartition(" --root ")
    assert said == "look at it in a browser: lunarcloud view"
    work = found.place / "work"
    view: list[str | Path] = [lunarcloud, "view", "--root", root, "--export"]
    subprocess.run(view, cwd=work, env={"PATH": os.defpath}, check=True)
    assert (work / root / "view/index.html").is_file()
    package = place / "lib"
    assert any(path.is_relative_to(package) and path.name == "LP165P.cof" for path in found.opened)
    assert not [path for path in found.opened if path.is_relative_to(pytestconfig.rootpath)]
