"""What others published: image tiles, element maps, topography, gravity, names and stations."""
