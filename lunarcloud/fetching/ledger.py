"""What came into a folder, file by file: who looks again need not read each file's label."""

from collections.abc import Iterable
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, ValidationError

from lunarcloud.errors import NotFoundError
from lunarcloud.storage import Folder

#: Its name in the folder.
LEDGER = ".fetched.jsonl"


class Arrival(BaseModel):
    """A file that came whole.

    Attributes
    ----------
    name : str
        What it is called in the folder.
    size : int
        Bytes.
    digest : str
        Its SHA-256.
    tag : str
        What the server called this version of it; empty where it said nothing that can be trusted.
    url : str
        Where from.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    size: int
    digest: str
    tag: str
    url: str


def note(place: Folder, files: Iterable[Arrival]) -> None:
    """Add files that came to the ledger of a folder."""
    added = "".join(f"{each.model_dump_json()}\n" for each in files).encode()
    place.update(LEDGER, lambda present: (present or b"") + added)


def tidy(place: Folder) -> None:
    """Remove what killed commands left of writing the ledger; for a command that is alone in the folder."""
    for key in place.left_behind(datetime.now(UTC)):
        if key.startswith(LEDGER):
            place.remove(key)


def sizes_of(place: Folder) -> dict[str, int]:
    """Bytes of the files that came into a folder, by their names in lower case; of each as it came last."""
    try:
        data = place.read(LEDGER)
    except NotFoundError:
        return {}
    found = [each for line in data.splitlines() if (each := _parsed(line))]
    return {each.name.lower(): each.size for each in found}


def _parsed(line: bytes) -> Arrival | None:
    # What is damaged says nothing, and the file is looked at as one that somebody brought.
    try:
        return Arrival.model_validate_json(line)
    except ValidationError:
        return None
