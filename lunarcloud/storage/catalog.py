"""The catalog: what is published under a root and which is the latest, changed only by compare-and-swap."""

from datetime import UTC, datetime
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from lunarcloud.errors import NotFoundError
from lunarcloud.storage.cards import Format, parse_record
from lunarcloud.storage.folder import Folder

Kind: TypeAlias = Literal["mosaic", "model", "run", "gravity"]

_KEY = "catalog.json"


class Published(BaseModel):
    """One published thing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    id: str
    path: str = Field(description="where it is, relative to the root")
    inputs: dict[str, str] = Field(default_factory=dict, description="ids of what it was made from, by kind")
    published: datetime = Field(default_factory=lambda: datetime.now(UTC))


class Catalog(BaseModel):
    """Everything published under a root, in the order of publication."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Format = 1
    entries: tuple[Published, ...] = ()

    def of(self, kind: Kind) -> list[Published]:
        """Everything of a kind, the latest last."""
        return [entry for entry in self.entries if entry.kind == kind]

    def find(self, kind: Kind, name: str = "latest") -> Published:
        """One published thing by its id, or by an unmistakable beginning of it, or the latest of its kind.

        Raises
        ------
        NotFoundError
            If there is none or the beginning fits several.
        """
        known = self.of(kind)
        fitting = known[-1:] if name == "latest" else [entry for entry in known if entry.id.startswith(name)]
        exact = [entry for entry in fitting if entry.id == name] or fitting
        if len(exact) != 1:
            ids = ", ".join(entry.id for entry in known) or "none"
            raise NotFoundError(
                f"{kind} {name!r}: {len(exact)} of that name are published (there are: {ids})"
            )
        return exact[0]


def read_catalog(root: Folder) -> Catalog:
    """The catalog of a root; empty if nothing was published yet."""
    try:
        return _parse(root, root.read(_KEY))
    except NotFoundError:
        return Catalog()


def publish(root: Folder, entry: Published) -> Catalog:
    """Make a finished thing visible, atomically; publishing it again changes nothing.

    Whoever else publishes at the same time, no entry is lost.
    """

    def with_entry(present: bytes | None) -> bytes:
        catalog = Catalog() if present is None else _parse(root, present)
        if any((known.kind, known.id) == (entry.kind, entry.id) for known in catalog.entries):
            return present or b""
        grown = Catalog(entries=(*catalog.entries, entry))
        return grown.model_dump_json(indent=1).encode()

    return _parse(root, root.update(_KEY, with_entry))


def _parse(root: Folder, data: bytes) -> Catalog:
    return parse_record(data, Catalog, f"{root.url}/{_KEY}")
