"""Reprocessing: a sample arrives, and whatever depends on it is made again, published, explained and told.

Level-triggered: what is to be done follows from what lies under the root, never from what happened. Above the
jobs, since a step may be one. Entered through the registry's actions ``reprocess`` and ``status``.
"""
