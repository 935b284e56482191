"""Which modules a command of lunarcloud has loaded when it has ended."""

import json
import os
import subprocess
import sys

#: What only computing needs, and takes long to load.
HEAVY = frozenset({"distributed", "matplotlib", "onnxruntime", "jax", "onnx"})

_SCRIPT = """
import json, sys
from lunarcloud.cli.app import run
sys.argv[0] = "lunarcloud"
try:
    code = run()
except SystemExit as end:
    code = end.code or 0
sys.stderr.write("\\n" + json.dumps([code, sorted(sys.modules)]))
"""


def loaded_by(*words: object) -> set[str]:
    """Names of the modules that a command loads, in a process of its own.

    Parameters
    ----------
    *words
        The command's, without ``lunarcloud``.

    Raises
    ------
    RuntimeError
        If it fails; with what it said.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", _SCRIPT, *map(str, words)]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    code, names = json.loads(ended.stderr.splitlines()[-1])
    if code:
        raise RuntimeError(f"lunarcloud {' '.join(map(str, words))} ended with {code}:\n{ended.stderr}")
    return set(names)
