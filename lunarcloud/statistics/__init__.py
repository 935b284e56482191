"""Findings from maps: equal-area statistics, comparisons, polar candidates, provenance searches."""

from typing import TYPE_CHECKING

from lunarcloud.lazy import lazily

if TYPE_CHECKING:
    from lunarcloud.statistics.chance import Members, chances_of_means
    from lunarcloud.statistics.coarser import aligned
    from lunarcloud.statistics.comparison import (
        DifferenceShard,
        Pair,
        difference_layout,
        equation_against_cnn,
        require_comparable,
        same_maps,
    )
    from lunarcloud.statistics.comparison import compare as compare_maps
    from lunarcloud.statistics.comparison import table as comparison_table
    from lunarcloud.statistics.comparison_chance import (
        BEYOND,
        BY_CHANCE,
        CHANCE_OF_MEAN_DIFFERENCE,
        chances_of_mean_differences,
        is_trained,
    )
    from lunarcloud.statistics.points import values_at
    from lunarcloud.statistics.polar import FEO, HIGH_FEO, MG_NUMBER, Candidates, Rule, find_candidates
    from lunarcloud.statistics.polar import ranked as ranked_candidates
    from lunarcloud.statistics.polar import to_dataset as candidates_dataset
    from lunarcloud.statistics.polar import totals as candidate_totals
    from lunarcloud.statistics.polar_chance import (
        ask_members,
        probability_at,
        with_chance,
        with_probabilities,
    )
    from lunarcloud.statistics.prospector import LEAST_COVERAGE, REGRESSIONS, compare_with_prospector
    from lunarcloud.statistics.prospector import table as prospector_table
    from lunarcloud.statistics.provenance import Provenance, code_ranges
    from lunarcloud.statistics.provenance import constraints as provenance_constraints
    from lunarcloud.statistics.provenance import ranked as ranked_regions
    from lunarcloud.statistics.provenance import regions as provenance_regions
    from lunarcloud.statistics.provenance import search as search_provenance
    from lunarcloud.statistics.provenance import to_dataset as provenance_dataset
    from lunarcloud.statistics.quality import REASONS, TOLD, Reason
    from lunarcloud.statistics.shrinking import shrunk
    from lunarcloud.statistics.source import GriddedSource, Source, Stream, source_of
    from lunarcloud.statistics.stereographic import ProjectShard, polar_layout, polar_raster
    from lunarcloud.statistics.summary import CHANCE_OF_MEAN, Sampling, above_table, means, summarise
    from lunarcloud.statistics.summary import table as summary_table
    from lunarcloud.statistics.units import (
        Shape,
        Unit,
        from_outlines,
        maria,
        named_region,
        require_distinct,
        whole_moon,
    )

__all__ = [
    "BEYOND",
    "BY_CHANCE",
    "CHANCE_OF_MEAN",
    "CHANCE_OF_MEAN_DIFFERENCE",
    "FEO",
    "HIGH_FEO",
    "LEAST_COVERAGE",
    "MG_NUMBER",
    "REASONS",
    "REGRESSIONS",
    "TOLD",
    "Candidates",
    "DifferenceShard",
    "GriddedSource",
    "Members",
    "Pair",
    "ProjectShard",
    "Provenance",
    "Reason",
    "Rule",
    "Sampling",
    "Shape",
    "Source",
    "Stream",
    "Unit",
    "above_table",
    "aligned",
    "ask_members",
    "candidate_totals",
    "candidates_dataset",
    "chances_of_mean_differences",
    "chances_of_means",
    "code_ranges",
    "compare_maps",
    "compare_with_prospector",
    "comparison_table",
    "difference_layout",
    "equation_against_cnn",
    "find_candidates",
    "from_outlines",
    "is_trained",
    "maria",
    "means",
    "named_region",
    "polar_layout",
    "polar_raster",
    "probability_at",
    "prospector_table",
    "provenance_constraints",
    "provenance_dataset",
    "provenance_regions",
    "ranked_candidates",
    "ranked_regions",
    "require_comparable",
    "require_distinct",
    "same_maps",
    "search_provenance",
    "shrunk",
    "source_of",
    "summarise",
    "summary_table",
    "values_at",
    "whole_moon",
    "with_chance",
    "with_probabilities",
]

__getattr__ = lazily(
    __name__,
    {
        "chance": ("Members", "chances_of_means"),
        "coarser": ("aligned",),
        "comparison": (
            "DifferenceShard",
            "Pair",
            "equation_against_cnn",
            "compare as compare_maps",
            "difference_layout",
            "require_comparable",
            "same_maps",
            "table as comparison_table",
        ),
        "comparison_chance": (
            "BEYOND",
            "BY_CHANCE",
            "CHANCE_OF_MEAN_DIFFERENCE",
            "chances_of_mean_differences",
            "is_trained",
        ),
        "points": ("values_at",),
        "polar": (
            "FEO",
            "HIGH_FEO",
            "MG_NUMBER",
            "Candidates",
            "Rule",
            "find_candidates",
            "ranked as ranked_candidates",
            "to_dataset as candidates_dataset",
            "totals as candidate_totals",
        ),
        "polar_chance": ("ask_members", "probability_at", "with_chance", "with_probabilities"),
        "prospector": (
            "LEAST_COVERAGE",
            "REGRESSIONS",
            "compare_with_prospector",
            "table as prospector_table",
        ),
        "provenance": (
            "Provenance",
            "code_ranges",
            "constraints as provenance_constraints",
            "ranked as ranked_regions",
            "regions as provenance_regions",
            "search as search_provenance",
            "to_dataset as provenance_dataset",
        ),
        "quality": (
            "REASONS",
            "TOLD",
            "Reason",
        ),
        "shrinking": ("shrunk",),
        "source": (
            "GriddedSource",
            "Source",
            "Stream",
            "source_of",
        ),
        "stereographic": (
            "ProjectShard",
            "polar_layout",
            "polar_raster",
        ),
        "summary": (
            "CHANCE_OF_MEAN",
            "Sampling",
            "above_table",
            "means",
            "summarise",
            "table as summary_table",
        ),
        "units": (
            "Shape",
            "Unit",
            "from_outlines",
            "maria",
            "named_region",
            "require_distinct",
            "whole_moon",
        ),
    },
)
