"""Cloud-native mapping of the Moon's composition."""
