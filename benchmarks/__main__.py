"""``python -m benchmarks [NAME ...]``: all benchmarks or some, each in a process of its own.

All but the one that needs a Kubernetes cluster: `python -m benchmarks.autoscale_pods` says how.
"""

import subprocess
import sys
from pathlib import Path

from benchmarks._results import PAGE, rendered


def main() -> None:
    """Run the scripts beside this file."""
    scripts = {path.stem for path in Path(__file__).parent.glob("[!_]*.py")}
    for name in sys.argv[1:] or sorted(scripts - {"autoscale_pods"}):
        print(f"\n== {name}", flush=True)
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)
    PAGE.write_text(rendered())


if __name__ == "__main__":
    main()
