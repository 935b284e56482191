"""``python -m benchmarks [NAME ...]``: run all benchmark scripts, or some, each in a process of its own."""

import subprocess
import sys
from pathlib import Path


def main() -> None:
    """Run the scripts beside this file."""
    scripts = {path.stem: path for path in sorted(Path(__file__).parent.glob("[!_]*.py"))}
    for name in sys.argv[1:] or scripts:
        print(f"\n== {name}", flush=True)
        subprocess.run([sys.executable, scripts[name]], check=True)


if __name__ == "__main__":
    main()
