"""Submitted jobs: small documents under the root that say what is wanted, how it goes and what came of it."""
