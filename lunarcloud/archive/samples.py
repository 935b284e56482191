"""Rocks that searches for where a sample came from start with."""

from collections.abc import Mapping
from types import MappingProxyType

#: Sample 60639, wt%: lowest and highest of each oxide, as Qiu et al. (2025) search for it.
SAMPLE_60639: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"feo": (16.0, 19.9), "tio2": (6.3, 7.9), "al2o3": (12.4, 15.1), "mgo": (5.2, 7.5), "cao": (10.6, 11.5)}
)
