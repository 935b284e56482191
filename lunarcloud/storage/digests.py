"""The digest that identifies bytes, everywhere in a store."""

import hashlib


def digest(data: bytes) -> str:
    """SHA-256 of bytes, hexadecimal."""
    return hashlib.sha256(data).hexdigest()
