"""Records in a few words, for tests of lineage."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from lunarcloud.lineage import Given, Parent, Record, Ref, Root, identity, open_root, series_of
from lunarcloud.storage import digest

START = datetime(2026, 1, 1, tzinfo=UTC)


class Note(BaseModel):
    """A card of one line."""

    model_config = ConfigDict(extra="forbid")

    text: str = ""


def _record(
    process: str,
    inputs: Mapping[str, object] | None = None,
    parents: Mapping[str, Parent] | None = None,
    *,
    content: str | None = None,
    label: str = "",
) -> Record[Note]:
    """A record of a process whose kind is its name and whose content is its identity, or what is said."""
    given = Given(inputs=dict(inputs or {}), parents=dict(parents or {}))
    known = identity(process, 1, given)
    return Record[Note](
        ref=Ref(kind=process, id=known),
        label=label,
        process=process,
        algorithm=1,
        series=series_of(process, given.inputs, given.parents),
        given=given,
        versions={},
        started=START,
        finished=START + timedelta(seconds=1),
        digest=digest((content or known).encode()),
        outputs={},
        card=Note(),
    )


@pytest.fixture
def make_record() -> Callable[..., Record[Note]]:
    """Make a record of some process, inputs and parents."""
    return _record


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return open_root(tmp_path / "root")


@pytest.fixture
def publish(root: Root) -> Callable[..., Parent]:
    """Publish a record; what others can be made from."""

    def call(*args: Any, **kwargs: Any) -> Parent:
        return root.publish(_record(*args, **kwargs)).as_parent()

    return call
