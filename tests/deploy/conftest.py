"""The chart rendered by helm, in a few ways in which people install it."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml

CHART = Path(__file__).parents[2] / "deploy/helm/lunarcloud"

#: helm with a command's words; its exit code, output and error text.
Helm: TypeAlias = Callable[..., tuple[int, str, str]]
#: Kubernetes' objects by kind and name, from values as `--set` takes them.
Rendered: TypeAlias = Callable[..., dict[tuple[str, str], dict[str, Any]]]


@pytest.fixture
def helm(tmp_path: Path) -> Helm:
    """helm, with all that it keeps in a folder of its own."""
    # An environment need not be activated: its programs lie beside its interpreter.
    program = shutil.which("helm", path=str(Path(sys.executable).parent))
    assert program is not None

    def call(*words: object) -> tuple[int, str, str]:
        done = subprocess.run(
            [program, *map(str, words)], env={"HOME": str(tmp_path)}, capture_output=True, text=True
        )
        return done.returncode, done.stdout, done.stderr

    return call


@pytest.fixture
def rendered(helm: Helm) -> Rendered:
    """What an installation into the namespace `moon` makes."""

    def call(
        *values: str, release: str = "lunarcloud", kubernetes: str = "1.34"
    ) -> dict[tuple[str, str], Any]:
        words = [word for value in values for word in ("--set", value)]
        code, out, error = helm(
            "template", release, CHART, "--namespace", "moon", "--kube-version", kubernetes, *words
        )
        assert code == 0, error
        objects = [each for each in yaml.safe_load_all(out) if each]
        return {(each["kind"], each["metadata"]["name"]): each for each in objects}

    return call
