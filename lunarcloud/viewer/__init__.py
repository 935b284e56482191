"""The viewer: a page that reads a root in the browser, served here or put where others look at it."""

from lunarcloud.viewer.page import write_page
from lunarcloud.viewer.server import serving
from lunarcloud.viewer.shown import View

__all__ = ["View", "serving", "write_page"]
