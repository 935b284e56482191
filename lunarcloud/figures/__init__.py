"""Pictures of every product, on lunar projections, ready for a talk."""

from typing import TYPE_CHECKING

from lunarcloud.lazy import lazily

if TYPE_CHECKING:
    from lunarcloud.figures.comparison import (
        DIVERGING,
        draw_comparison,
        draw_difference,
        draw_prospector,
        draw_prospector_maps,
    )
    from lunarcloud.figures.density import draw_density, draw_prospector_density
    from lunarcloud.figures.gravity import draw_gravity_maps, draw_gravity_pole, gravity_colours
    from lunarcloud.figures.maps import draw_map, draw_oxides
    from lunarcloud.figures.models import draw_fit
    from lunarcloud.figures.polar import draw_diagram, draw_polar
    from lunarcloud.figures.provenance import draw_provenance
    from lunarcloud.figures.relief import polar_relief, shaded_relief
    from lunarcloud.figures.residuals import draw_residuals
    from lunarcloud.figures.statistics import draw_histograms, draw_oxide_histograms
    from lunarcloud.figures.style import save as save_figure
    from lunarcloud.figures.uncertainty import draw_uncertainty
    from lunarcloud.figures.vector import save_vector

__all__ = [
    "DIVERGING",
    "draw_comparison",
    "draw_density",
    "draw_diagram",
    "draw_difference",
    "draw_fit",
    "draw_gravity_maps",
    "draw_gravity_pole",
    "draw_histograms",
    "draw_map",
    "draw_oxide_histograms",
    "draw_oxides",
    "draw_polar",
    "draw_prospector",
    "draw_prospector_density",
    "draw_prospector_maps",
    "draw_provenance",
    "draw_residuals",
    "draw_uncertainty",
    "gravity_colours",
    "polar_relief",
    "save_figure",
    "save_vector",
    "shaded_relief",
]

__getattr__ = lazily(
    __name__,
    {
        "comparison": (
            "DIVERGING",
            "draw_comparison",
            "draw_difference",
            "draw_prospector",
            "draw_prospector_maps",
        ),
        "density": (
            "draw_density",
            "draw_prospector_density",
        ),
        "gravity": (
            "draw_gravity_maps",
            "draw_gravity_pole",
            "gravity_colours",
        ),
        "maps": (
            "draw_map",
            "draw_oxides",
        ),
        "models": ("draw_fit",),
        "polar": (
            "draw_diagram",
            "draw_polar",
        ),
        "provenance": ("draw_provenance",),
        "relief": ("polar_relief", "shaded_relief"),
        "residuals": ("draw_residuals",),
        "statistics": (
            "draw_histograms",
            "draw_oxide_histograms",
        ),
        "style": ("save as save_figure",),
        "uncertainty": ("draw_uncertainty",),
        "vector": ("save_vector",),
    },
)
