"""What is published, in the forms of other people's tools."""

from typing import TYPE_CHECKING

from lunarcloud.lazy import lazily

if TYPE_CHECKING:  # knows the maps, and whoever finds everything done exports nothing
    from lunarcloud.exports.cog import Wanted, write_cog
    from lunarcloud.exports.colours import qgis_style
    from lunarcloud.exports.layers import Layer, chosen, groups_of
    from lunarcloud.exports.netcdf import write_netcdf
    from lunarcloud.exports.pds4 import write_pds4
    from lunarcloud.exports.rasters import box_named
    from lunarcloud.exports.stac import complete, relist, unlinked
    from lunarcloud.exports.tables import points_geojson, write_tables

__all__ = [
    "Layer",
    "Wanted",
    "box_named",
    "chosen",
    "complete",
    "groups_of",
    "points_geojson",
    "qgis_style",
    "relist",
    "unlinked",
    "write_cog",
    "write_netcdf",
    "write_pds4",
    "write_tables",
]

__getattr__ = lazily(
    __name__,
    {
        "cog": ("Wanted", "write_cog"),
        "colours": ("qgis_style",),
        "layers": ("Layer", "chosen", "groups_of"),
        "netcdf": ("write_netcdf",),
        "pds4": ("write_pds4",),
        "rasters": ("box_named",),
        "stac": ("complete", "relist", "unlinked"),
        "tables": ("points_geojson", "write_tables"),
    },
)
