"""What the tests of fetching share: a box, its tiles, and looking at folders."""

from pathlib import Path
from typing import NamedTuple

from lunarcloud.fetching import Fetched, Plan, box_of, carry_out, plan_fetch
from lunarcloud.fetching.ledger import LEDGER
from lunarcloud.storage import folder
from lunarcloud.testing.bad_archive import BadArchive

#: A box on both sides of the meridian, and the twelve tiles that it touches.
REGION = "-6,352,13,10"
TILES = tuple(f"UI{row}{lon}" for row in ("03N", "03S", "10N") for lon in ("003", "009", "351", "357"))


class Usage(NamedTuple):
    """What a disk says of itself."""

    free: int


def planned(archive: BadArchive, place: str | Path) -> Plan:
    """The plan of these tiles from a server."""
    return plan_fetch("clementine", place, region=box_of(REGION), mirror=archive.url)


def fetched(archive: BadArchive, place: str | Path) -> Fetched:
    """These tiles, fetched from a server."""
    return carry_out(planned(archive, place))


def originals(published: Path, ending: str = ".img") -> dict[str, bytes]:
    """The files of the archive by the names that they have in a folder."""
    return {path.name: path.read_bytes() for path in published.rglob(f"*{ending}")}


def content(folder: Path) -> dict[str, bytes]:
    """All files of a folder but its ledger."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(LEDGER)}


def stored(place: str) -> dict[str, bytes]:
    """All objects of a store but its ledger."""
    return {key: data for key, data in folder(place).read_all().items() if key != LEDGER}
