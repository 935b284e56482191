"""The command line: every command parses, runs one job, and prints its result."""

import codecs
import gc
import json
import sys
import warnings
from io import TextIOWrapper

# Of what a terminal cannot show, how Python's errors="..." calls it.
_ESCAPED = "lunarcloud-escaped"
# What streams do instead, by default: end, or show what is no JSON.
_STRICT = ("strict", "backslashreplace", "surrogateescape")

# Objects made between two searches for garbage. Of the modules that a command loads nothing is any: to look
# through them at each 700, as Python does, is an eighth of a command that finds everything done.
_GARBAGE = 100_000


def main() -> None:
    """Run the command line; exit code 0 done, 1 failed, 2 bad input."""
    # Other libraries' warnings to their developers are not for the people at the terminal.
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    gc.set_threshold(_GARBAGE)
    _print_anything()
    from lunarcloud.cli.app import run

    sys.exit(run())


def _print_anything() -> None:
    """Have a terminal of another encoding show names in escapes, instead of ending the command."""
    codecs.register_error(_ESCAPED, _escaped)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and stream.errors in _STRICT:
            stream.reconfigure(errors=_ESCAPED)


def _escaped(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    character = error.object[error.start]
    # Half of a name that was no text to begin with: the byte that it was.
    if "\udc80" <= character <= "\udcff":
        return character.encode("ascii", "surrogateescape"), error.start + 1
    # As JSON has it, so that documents stay documents.
    return json.dumps(character)[1:-1], error.start + 1
