"""Findings from maps: equal-area statistics, comparisons, polar candidates, provenance searches."""
