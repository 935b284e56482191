"""The command line: every command parses, runs one job, and prints its result."""

import gc
import sys
import warnings

# Objects made between two searches for garbage. Of the modules that a command loads nothing is any: to look
# through them at each 700, as Python does, is an eighth of a command that finds everything done.
_GARBAGE = 100_000


def main() -> None:
    """Run the command line; exit code 0 done, 1 failed, 2 bad input."""
    # Other libraries' warnings to their developers are not for the people at the terminal.
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    gc.set_threshold(_GARBAGE)
    from lunarcloud.cli.app import run

    sys.exit(run())
