"""Pictures of every product, on lunar projections, ready for a talk."""
