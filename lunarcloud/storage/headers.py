"""What HTTP says of an object besides its bytes: what it is, and how long a copy of it holds."""

import re

# Of what we write; a table of the system's would make it depend on the machine.
_KINDS = {
    "css": "text/css",
    "csv": "text/csv",
    "geojson": "application/geo+json",
    "html": "text/html",
    "js": "text/javascript",
    "json": "application/json",
    "md": "text/markdown",
    "nc": "application/x-netcdf",
    "png": "image/png",
    "svg": "image/svg+xml",
    "tif": "image/tiff",
    "txt": "text/plain",
    "xml": "application/xml",
}
_TEXTS = {"application/json", "application/geo+json", "application/xml"}

# Below a record's folder, KIND/ID, nothing is ever changed, but names that begin with a dot: marks of what
# runs now. A job's folder looks alike, and changes.
_OF_RECORD = re.compile(r"(?:^|/)(?!jobs/)[a-z]+/[0-9a-f]{16}/[^.]")
# What has a digest of its content in its name.
_NAMED = re.compile(r"(?:^|/)(?:catalog|stac/older)/[0-9a-f]{16}\.json$")
# Built files of the viewer have a digest in their names.
_BUILT = re.compile(r"(?:^|/)view/assets/")

#: A copy that holds for ever.
FOR_EVER = "public, max-age=31536000, immutable"
#: A copy that holds only if the store says that it still does.
ASK = "no-cache"


def content_type(name: str) -> str:
    """What an object is, by its name."""
    kind = _KINDS.get(name.rpartition(".")[2], "application/octet-stream")
    return f"{kind}; charset=utf-8" if kind.startswith("text/") or kind in _TEXTS else kind


def cache_control(key: str) -> str:
    """How long browsers and caches may keep an object of a root.

    Parameters
    ----------
    key : str
        Its key in the root, or any longer path.
    """
    return FOR_EVER if any(each.search(key) for each in (_OF_RECORD, _NAMED, _BUILT)) else ASK
