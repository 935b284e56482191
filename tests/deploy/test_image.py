"""The image's recipe agrees with the package: what it sets, copies and starts."""

import re
from fnmatch import fnmatch
from pathlib import Path

from lunarcloud.engine.policy import ALLOCATOR

_ROOT = Path(__file__).parents[2]
_RECIPE = (_ROOT / "deploy/docker/Dockerfile").read_text()


def test_the_allocator_is_set_as_for_local_workers() -> None:
    found = re.findall(r"(MALLOC_\w+)=(\d+)", _RECIPE)
    assert {name: int(value) for name, value in found} == ALLOCATOR


def test_all_that_is_copied_goes_to_the_builder() -> None:
    ignored = (_ROOT / ".dockerignore").read_text().splitlines()
    kept = [line.removeprefix("!") for line in ignored if line.startswith("!")]
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", _RECIPE, re.MULTILINE)
    copied = [word for line in lines for word in line.split()]
    assert copied
    assert all(any(fnmatch(word.split("/")[0], name) for name in kept) for word in copied)
    assert all((_ROOT / word).exists() for word in copied)


def test_a_pod_may_run_it_as_nobody_in_particular() -> None:
    last = _RECIPE.split("\nFROM ")[-1]
    assert "\nUSER 10001:10001\n" in last
    assert '\nENTRYPOINT ["lunarcloud"]\n' in last
    assert "HOME=/tmp" in last


def test_no_host_of_packages_is_named() -> None:
    assert re.findall(r"https?://", _RECIPE) == []


def test_it_says_what_it_is_and_what_is_in_it() -> None:
    last = _RECIPE.split("\nFROM ")[-1]
    for name in ("title", "description", "licenses", "version", "revision", "base.name"):
        assert f"org.opencontainers.image.{name}=" in last
    assert "--output-file /opt/lunarcloud/share/sbom.cdx.json" in _RECIPE
    assert re.search(r"^COPY --from=\S+ /opt/lunarcloud /opt/lunarcloud$", last, re.MULTILINE)
