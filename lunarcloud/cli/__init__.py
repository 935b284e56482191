"""The command line: every command parses, runs one job, and prints its result."""

import sys
import warnings


def main() -> None:
    """Run the command line; exit code 0 done, 1 failed, 2 bad input."""
    # Other libraries' warnings to their developers are not for the people at the terminal.
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    from lunarcloud.cli.app import run

    sys.exit(run())
