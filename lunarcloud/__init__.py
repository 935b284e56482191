"""Cloud-native mapping of the Moon's composition.

The verbs of the command line as functions, with xarray objects as results: `ingest`, `fit`, `map`, `reduce`,
`compare`, `polar`, `provenance`, `reduce_gravity`; and `open_mosaic`, `open_maps`, `open_gravity` for what is
published under a root.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

__all__ = [
    "compare",
    "fit",
    "ingest",
    "map",
    "open_gravity",
    "open_maps",
    "open_mosaic",
    "polar",
    "provenance",
    "reduce",
    "reduce_gravity",
]


def __getattr__(name: str) -> Any:
    """The verbs, loaded when first used: the command line must start at once."""
    if name in __all__:
        return getattr(import_module("lunarcloud.api"), name)
    raise AttributeError(f"module 'lunarcloud' has no attribute {name!r}")
