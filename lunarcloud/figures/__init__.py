"""Pictures of every product, on lunar projections, ready for a talk."""

from typing import TYPE_CHECKING

from lunarcloud.lazy import lazily

if TYPE_CHECKING:
    from lunarcloud.figures.comparison import (
        draw_comparison,
        draw_difference,
        draw_prospector,
        draw_prospector_maps,
    )
    from lunarcloud.figures.gravity import draw_gravity_maps, draw_gravity_pole
    from lunarcloud.figures.maps import draw_map
    from lunarcloud.figures.models import draw_fit
    from lunarcloud.figures.polar import draw_polar
    from lunarcloud.figures.provenance import draw_provenance
    from lunarcloud.figures.statistics import draw_histograms
    from lunarcloud.figures.style import save as save_figure

__all__ = [
    "draw_comparison",
    "draw_difference",
    "draw_fit",
    "draw_gravity_maps",
    "draw_gravity_pole",
    "draw_histograms",
    "draw_map",
    "draw_polar",
    "draw_prospector",
    "draw_prospector_maps",
    "draw_provenance",
    "save_figure",
]

__getattr__ = lazily(
    __name__,
    {
        "comparison": (
            "draw_comparison",
            "draw_difference",
            "draw_prospector",
            "draw_prospector_maps",
        ),
        "gravity": (
            "draw_gravity_maps",
            "draw_gravity_pole",
        ),
        "maps": ("draw_map",),
        "models": ("draw_fit",),
        "polar": ("draw_polar",),
        "provenance": ("draw_provenance",),
        "statistics": ("draw_histograms",),
        "style": ("save as save_figure",),
    },
)
