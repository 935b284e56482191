"""Cloud-native mapping of the Moon's composition.

The verbs of the command line as functions, with xarray objects as results: `ingest`, `stations`, `fit`,
`map`, `reduce`, `compare`, `prospector`, `polar`, `provenance`, `reduce_gravity`, `verify`, `repair`,
`reprocess`, `status`, `demo`; `open_mosaic`, `open_maps`, `open_gravity` for what is published under a root,
`records` and `record` for where it comes from; `submit` and `job` for what runs somewhere else.
"""

import sys
from importlib import import_module
from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """The functions, loaded when first used: the command line must start at once."""
    # Python asks for the rooms and for names of its own here too: nothing is to be loaded for those.
    if not name.startswith("_") and name in _names():
        return getattr(import_module("lunarcloud.api"), name)
    raise AttributeError(f"module 'lunarcloud' has no attribute {name!r}")


def __dir__() -> list[str]:
    rooms = [name for name in vars(sys.modules[__name__]) if f"{__name__}.{name}" in sys.modules]
    return sorted({*_names(), *rooms})


def _names() -> list[str]:
    from lunarcloud.names import OPENERS, verbs

    return [*verbs(), *OPENERS]
