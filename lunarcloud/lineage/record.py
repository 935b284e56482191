"""Records: what one execution of a process made, from what; and the two digests that name it.

The **identity** of a record is a digest of everything that decides its bytes: process and algorithm, own
inputs, the *content* of parents and sources, and the storage's coding. Whatever does not decide them (where a
file lay, who published, when, a citation) is not in it: there a change ends.

Its **series** is a digest of process, own inputs and the parents' series: the same thing over newer parents.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from lunarcloud.errors import DamagedError
from lunarcloud.storage import CODING, Folder, digest

#: Version of the store's layout: of records, the catalog and the ledger.
FORMAT: Literal[3] = 3

#: Length of ids: 64 bits, so that a root would need billions of records for two to be alike.
_ID_LENGTH = 16

Json: TypeAlias = Any
CardT = TypeVar("CardT", bound=BaseModel)


class Document(BaseModel):
    """What is stored as JSON: it never changes, and a field that nobody knows is damage."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Ref(Document):
    """The name of a record: its kind, which is its folder under the root, and its id."""

    kind: str
    id: str

    @property
    def path(self) -> str:
        """Where the record is, relative to the root."""
        return f"{self.kind}/{self.id}"

    def __str__(self) -> str:
        return self.path


class Parent(Document):
    """A record that another was made from.

    Attributes
    ----------
    ref : Ref
        Which.
    digest : str
        Of its content: this, not its id, enters the identity of what is made from it.
    series : str
        Whose newer records would make what was made from it outdated.
    """

    ref: Ref
    digest: str
    series: str


class Source(Document):
    """A file from outside the root that was read.

    Attributes
    ----------
    url : str
        Where it lay, without credentials; relative to the root where it lay beside it.
    digest : str
        Of what matters in it.
    bytes : int
        Its size; 0 where that is not known.
    """

    url: str
    digest: str
    bytes: int = 0


class Given(Document):
    """What a process was given, everything resolved: nothing here says "latest".

    Attributes
    ----------
    inputs : dict
        Own inputs by name: what was asked for, as JSON.
    places : dict
        Inputs that only say where something is read; not in the identity.
    parents : dict of str to Parent
        By the name of the input that chose them.
    sources : tuple of Source
        Files read from outside, in any order.
    notes : tuple of str
        What its sources, or its parents' sources, say that nobody may overlook: that they are synthetic.
        Not in the identity, since the sources' digests are.
    """

    inputs: dict[str, Json] = Field(default_factory=dict)
    places: dict[str, Json] = Field(default_factory=dict)
    parents: dict[str, Parent] = Field(default_factory=dict)
    sources: tuple[Source, ...] = ()
    notes: tuple[str, ...] = ()


class Record(Document, Generic[CardT]):
    """What one execution of a process made.

    Attributes
    ----------
    format : int
        Version of the store's layout.
    ref, label : Ref, str
        Its name, and what a person calls it.
    process, algorithm : str, int
        What made it; the algorithm's number rises when the same inputs give other bytes.
    series : str
        See `series_of`.
    given : Given
        What it was made from.
    versions : dict
        Software that decided the bytes.
    started, finished : datetime
        When.
    digest : str
        Of the content, for what is made from it.
    outputs : dict of str to str
        SHA-256 of every object beside the record, but the shards; by key.
    groups : dict of str to str
        Sharded Zarr groups by key, with the keys of their ledgers, which hold the shards' digests.
    ledgers : dict of str to str
        Digest of all entries of each of these ledgers.
    facts : dict of str to str
        A few words for lists.
    card : BaseModel
        What is to be known of the thing itself.
    """

    format: Literal[3] = FORMAT
    ref: Ref
    label: str = ""
    process: str
    algorithm: int
    series: str
    given: Given
    versions: dict[str, str]
    started: datetime
    finished: datetime
    digest: str
    outputs: dict[str, str]
    groups: dict[str, str] = Field(default_factory=dict)
    ledgers: dict[str, str] = Field(default_factory=dict)
    facts: dict[str, str] = Field(default_factory=dict)
    card: CardT

    def dump(self) -> bytes:
        """The record as JSON."""
        return (self.model_dump_json(indent=1) + "\n").encode()

    def read(self, home: Folder, key: str) -> bytes:
        """One of its objects, as it was published.

        Parameters
        ----------
        home : Folder
            The record's folder.
        key : str
            Of the object, one of `outputs`.

        Raises
        ------
        DamagedError
            If it is another one by now.
        """
        data, expected = home.read(key), self.outputs.get(key, "none")
        if digest(data) != expected:
            raise DamagedError(
                f"{home.url}/{key} is not what was published (digest {digest(data)[:12]}, the record says "
                f"{expected[:12]}): repair {self.ref}"
            )
        return data


def identity(process: str, algorithm: int, given: Given) -> str:
    """The id of what a process makes of something given.

    Parameters
    ----------
    process : str
        Name of the process.
    algorithm : int
        Number of its algorithm.
    given : Given
        Own inputs, parents and sources. Their order, and where sources lie, do not matter.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    content = {
        "process": process,
        "algorithm": algorithm,
        "coding": CODING,
        "inputs": given.inputs,
        "parents": {role: parent.digest for role, parent in given.parents.items()},
        "sources": sorted(source.digest for source in given.sources),
    }
    return _short(content)


def series_of(process: str, inputs: Mapping[str, Json], parents: Mapping[str, Parent]) -> str:
    """The series of what a process makes of own inputs and parents: 16 hexadecimal digits.

    Parameters
    ----------
    process : str
        Name of the process.
    inputs : mapping
        Own inputs as JSON.
    parents : mapping of str to Parent
        By the input that chose them.
    """
    chosen = {role: parent.series for role, parent in parents.items()}
    return _short({"process": process, "inputs": dict(inputs), "parents": chosen})


def _short(content: Mapping[str, Json]) -> str:
    return digest(json.dumps(content, sort_keys=True).encode())[:_ID_LENGTH]
