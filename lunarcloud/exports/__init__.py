"""What is published, in the forms of other people's tools."""

from typing import TYPE_CHECKING

from lunarcloud.lazy import lazily

if TYPE_CHECKING:  # knows the maps, and whoever finds everything done exports nothing
    from lunarcloud.exports.geotiff import write_map
    from lunarcloud.exports.stac import complete, forget

__all__ = ["complete", "forget", "write_map"]

__getattr__ = lazily(__name__, {"geotiff": ("write_map",), "stac": ("complete", "forget")})
