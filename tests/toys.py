"""A process and an action as anybody could add them: one file, and a line each in the registry."""

from typing import Literal, NamedTuple

import pandas as pd
from pydantic import BaseModel, ConfigDict

from lunarcloud.engine import Note, Session
from lunarcloud.lineage import Given, Record, Root
from lunarcloud.processes.action import Action
from lunarcloud.processes.inputs import OPTION, Bounds, Inputs, given_of, option, parent, place
from lunarcloud.processes.process import Estimate, Made, Process, Report, Table
from lunarcloud.processes.registry import Line
from lunarcloud.storage import Folder, digest

LINE = Line("tests.toys", "Say a word several times, in wt%.")
CHECK = Line("tests.toys", "Check that a word is polite.")


class ToyInputs(Inputs):
    """What to say."""

    word: str = option(..., "word to say", argument=True)
    times: int = option(2, "how often", unit="times", limits={"ge": 1, "le": 9})
    tone: Literal["low", "high"] = option("low", "tone of voice")
    span: Bounds = option((1.0, 2.5), "least and most", unit="m")
    tags: tuple[str, ...] = option(("toy",), "tag of the word", **{OPTION: "tag"})
    loud: bool = option(False, "say it loudly")
    source: str | None = place(None, "file that it came from")
    friend: str | None = parent("toys", "record that it answers", default=None)


class ToyCard(BaseModel):
    """What was said."""

    model_config = ConfigDict(frozen=True)

    said: str


class _Material(NamedTuple):
    said: str


def _resolve(inputs: ToyInputs, root: Root) -> tuple[Given, _Material]:
    parents = {"friend": root.find("toys", inputs.friend).as_parent()} if inputs.friend else {}
    said = " ".join([inputs.word] * inputs.times)
    return given_of(inputs, root, parents), _Material(said.upper() if inputs.loud else said)


def _make(material: _Material, home: Folder, session: Session) -> Made[ToyCard]:
    session.tell(Note(f"saying {material.said}"))
    home.write("said.txt", material.said.encode())
    return Made(ToyCard(said=material.said), digest(material.said.encode()), facts={"said": material.said})


def _open(record: Record[ToyCard], home: Folder) -> pd.DataFrame:
    return pd.DataFrame({"said": home.read("said.txt").decode().split()})


def _report(record: Record[ToyCard], home: Folder) -> Report:
    table = Table(
        columns=("word", "length"), rows=tuple((word, len(word)) for word in record.card.said.split())
    )
    return Report({"said": record.card.said}, {"words": table}, ("a toy said it",))


PROCESS = Process(
    name="toy",
    kind="toys",
    algorithm=1,
    inputs=ToyInputs,
    card=ToyCard,
    resolve=_resolve,
    estimate=lambda material, home, threads: [Estimate(title=f"say {material.said}", tasks=threads)],
    make=_make,
    open=_open,
    report=_report,
)


class CheckInputs(Inputs):
    """Which word."""

    word: str = option(..., "word to check", argument=True)


class Checked(BaseModel):
    """Whether it is polite."""

    polite: bool


ACTION = Action(
    name="check-toy",
    inputs=CheckInputs,
    result=Checked,
    act=lambda inputs, root, cluster, watch: Checked(polite=inputs.word != "bah"),
    report=lambda found: Report({"polite": found.polite}),
    exit_code=lambda found: int(not found.polite),
)
