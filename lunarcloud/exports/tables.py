"""Tables of a record as CSV and, where their rows are places, as GeoJSON of the Moon."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from lunarcloud.errors import InputError
from lunarcloud.lineage import Record
from lunarcloud.moon import GEOGRAPHIC, wrap_longitude
from lunarcloud.storage import Folder

if TYPE_CHECKING:  # slow to import
    import pandas as pd

_PLACE = ("lon", "lat")
# Six decimals of a degree are 3 cm.
_OPTIONS = {
    "description": "Points on the Moon (IAU_2015:30100), not on Earth: east longitude, latitude",
    "coordinate_precision": 6,
}


def write_tables(target: Folder, home: Folder, record: Record[Any]) -> dict[str, int]:
    """Write the tables of a record; the sizes of the files by their names, bytes.

    Parameters
    ----------
    target : Folder
        Where.
    home : Folder
        The record's folder.
    record : Record
        Of any kind.

    Raises
    ------
    InputError
        If it has none.
    DamagedError
        If one is not what was published.
    """
    found = dict(_files(home, record))
    if not found:
        raise InputError(f"{record.ref} has no tables to export; --cog DIR writes maps")
    for key, data in found.items():
        target.write(key, data)
    return {key: len(data) for key, data in found.items()}


def _files(home: Folder, record: Record[Any]) -> Iterator[tuple[str, bytes]]:
    import pandas as pd

    for key in sorted(key for key in record.outputs if key.endswith(".csv") and "/" not in key):
        data = record.read(home, key)
        yield key, data
        table = pd.read_csv(io.BytesIO(data), comment="#")
        if table.columns.isin(_PLACE).sum() == len(_PLACE):
            name = key.removesuffix(".csv")
            yield f"{name}.geojson", points_geojson(table, name)


def points_geojson(table: pd.DataFrame, name: str) -> bytes:
    """Rows of a table as points of the Moon, the other columns as properties, in the way of RFC 7946.

    Parameters
    ----------
    table : DataFrame
        With ``lat`` and ``lon``, degrees, longitudes in any convention; a row without either is left out.
    name : str
        Of the layer.

    Returns
    -------
    bytes
        GeoJSON by GDAL: longitude -180..180 before latitude. Members ``crs`` and ``description`` say that the
        coordinates are of the Moon, of which the standard knows nothing.
    """
    import pyogrio
    import shapely

    # Where nobody knows where it is, there is nothing to draw.
    placed = table.dropna(subset=list(_PLACE))
    rest = placed.drop(columns=list(_PLACE))
    # An empty table has no numbers to see that they are ones.
    lon, lat = (placed[name].to_numpy(float) for name in _PLACE)
    where = np.column_stack([wrap_longitude(lon), lat])
    written = io.BytesIO()
    pyogrio.raw.write(
        written,
        geometry=shapely.to_wkb(shapely.points(where)),
        field_data=[rest[column].to_numpy(_kind(rest[column])) for column in rest],
        fields=[str(column) for column in rest],
        geometry_type="Point",
        crs=GEOGRAPHIC,
        driver="GeoJSON",
        layer=name,
        **_OPTIONS,
    )
    return written.getvalue()


def _kind(column: pd.Series[Any]) -> Any:
    """Numbers as they are, and all else as text."""
    return column.dtype if column.dtype.kind in "iufb" else object
