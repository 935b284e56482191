"""``python -m benchmarks [NAME ...]``: run all benchmark scripts, or some, one after the other."""

import runpy
import sys
from pathlib import Path


def main() -> None:
    """Run the scripts beside this file, each as its own program."""
    here = Path(__file__).parent
    scripts = {path.stem: path for path in sorted(here.glob("[!_]*.py"))}
    for name in sys.argv[1:] or scripts:
        print(f"\n== {name}", flush=True)
        sys.argv = [str(scripts[name])]
        runpy.run_path(str(scripts[name]), run_name="__main__")


if __name__ == "__main__":
    main()
