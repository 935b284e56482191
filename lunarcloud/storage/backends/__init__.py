"""How each kind of store keeps what `Folder` promises."""

from lunarcloud.storage.backends.local import LocalFolder
from lunarcloud.storage.backends.memory import MemoryFolder
from lunarcloud.storage.backends.objects import ObjectFolder

__all__ = ["LocalFolder", "MemoryFolder", "ObjectFolder"]
