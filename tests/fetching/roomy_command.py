"""The command line on a machine with room for tiles of full size: those of the tests are small."""

import shutil
import sys

from lunarcloud.cli.app import run
from tests.fetching.small_archive import Usage

if __name__ == "__main__":
    shutil.disk_usage = lambda path: Usage(10**12)  # type: ignore[assignment,return-value]
    sys.exit(run())
