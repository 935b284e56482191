"""What identifies bytes, everywhere in a store: their digest, and the number of the coding."""

import hashlib

#: Part of the identity of everything stored: raise it when the same pixels would give other bytes.
CODING = 2


def digest(data: bytes) -> str:
    """SHA-256 of bytes, hexadecimal."""
    return hashlib.sha256(data).hexdigest()
