"""What is published, in the forms of other people's tools."""

from lunarcloud.exports.stac import complete, forget

__all__ = ["complete", "forget"]
