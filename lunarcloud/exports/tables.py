"""Tables of a record as CSV and, where their rows are places, as GeoJSON of the Moon."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lunarcloud.errors import InputError
from lunarcloud.lineage import Record
from lunarcloud.moon import GEOGRAPHIC
from lunarcloud.storage import Folder

if TYPE_CHECKING:  # slow to import
    import pandas as pd

_PLACE = ("lon", "lat")


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
        data = home.read(key)
        yield key, data
        table = pd.read_csv(io.BytesIO(data), comment="#")
        if table.columns.isin(_PLACE).sum() == len(_PLACE):
            name = key.removesuffix(".csv")
            yield f"{name}.geojson", _geojson(table, name)


def _geojson(table: pd.DataFrame, name: str) -> bytes:
    """Points with the other columns as properties, by GDAL, which names the Moon's system in the file."""
    import pyogrio
    import shapely

    # Where nobody knows where it is, there is nothing to draw.
    placed = table.dropna(subset=list(_PLACE))
    rest = placed.drop(columns=list(_PLACE))
    written = io.BytesIO()
    pyogrio.raw.write(
        written,
        geometry=shapely.to_wkb(shapely.points(placed[list(_PLACE)].to_numpy(float))),
        field_data=[rest[column].to_numpy(_kind(rest[column])) for column in rest],
        fields=[str(column) for column in rest],
        geometry_type="Point",
        crs=GEOGRAPHIC,
        driver="GeoJSON",
        layer=name,
    )
    return written.getvalue()


def _kind(column: pd.Series[Any]) -> Any:
    """Numbers as they are, and all else as text."""
    return column.dtype if column.dtype.kind in "iufb" else object
