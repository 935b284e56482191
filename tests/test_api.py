"""The Python API: verbs made from the registry, typed and documented; they give lazy objects with units."""

import inspect
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import dask.array
import pandas as pd
import pytest
import rioxarray  # noqa: F401  # gives arrays their .rio
import xarray as xr

import lunarcloud as lc
from lunarcloud import api_stub
from lunarcloud.engine import Cluster, Event, Published
from lunarcloud.errors import InputError, NotFoundError
from lunarcloud.processes import ACTIONS, PROCESSES
from lunarcloud.synthetic import write_tiles
from tests import toys

#: A root, its mosaic and its maps.
Mapped: TypeAlias = tuple[Path, xr.Dataset, xr.Dataset]
#: The verb of a process that is not the package's.
Toy: TypeAlias = Callable[..., pd.DataFrame]


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory, scheduler: str) -> Mapped:
    """A root with a mosaic of two tiles and the published equations' maps of it."""
    place = tmp_path_factory.mktemp("api")
    write_tiles(place / "tiles", ppd=8, product_ids=["UI03N003", "UI03S183"])
    cluster = Cluster(scheduler=scheduler)
    root = place / "root"
    mosaic = lc.ingest(place / "tiles", root=root, ppd=6, cluster=cluster, label="two tiles")
    maps = lc.map(root=root, model="qiu2025", cluster=cluster)
    return root, mosaic, maps


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Toy:
    """A process and an action more: the verb of the process."""
    monkeypatch.setitem(PROCESSES, "toy", toys.LINE)
    monkeypatch.setitem(ACTIONS, "check-toy", toys.CHECK)
    # Type checkers know the verbs of the package alone.
    name = "toy"
    verb: Toy = getattr(lc, name)
    return verb


def test_verbs_return_lazy_datasets(mapped: Mapped) -> None:
    _, mosaic, maps = mapped
    assert isinstance(mosaic["reflectance"].data, dask.array.Array)
    assert maps["feo_equation"].dims == ("lat", "lon")
    assert maps["feo_equation"].rio.crs is not None


def test_what_is_published_opens_by_name_and_level(mapped: Mapped) -> None:
    root, mosaic, maps = mapped
    assert lc.open_mosaic(root, "two tiles").identical(mosaic)
    assert lc.open_maps(root).identical(maps)
    assert lc.open_maps(root, level=1).sizes["lat"] == maps.sizes["lat"] // 2


def test_a_level_or_run_that_is_not_there_is_said(mapped: Mapped) -> None:
    root, *_ = mapped
    with pytest.raises(NotFoundError, match="levels 0 to"):
        lc.open_maps(root, level=9)
    with pytest.raises(NotFoundError, match="zzz"):
        lc.open_maps(root, run="zzz")


def test_records_are_a_table(mapped: Mapped) -> None:
    root, *_ = mapped
    found = lc.records(root).set_index("kind")
    assert list(found.index) == ["mosaics", "runs"]
    assert (found.loc["mosaics", "label"], found.loc["mosaics", "ppd"]) == ("two tiles", "6")
    assert found["latest"].all()
    assert list(lc.records(root, "models").columns)[:2] == ["kind", "id"]


def test_a_record_says_what_it_was_made_from(mapped: Mapped) -> None:
    root, *_ = mapped
    run = lc.record(root, "runs")
    assert run.given.parents["mosaic"].ref.id == lc.record(root, "two tiles").ref.id
    assert "feo_equation" in run.card.maps


def test_a_line_of_the_registry_is_a_verb(toy: Toy, tmp_path: Path) -> None:
    events: list[Event] = []
    said = toy("hello", root=tmp_path, times=3, tags="one", watch=events.append)
    assert isinstance(said, pd.DataFrame)
    assert said["said"].tolist() == ["hello"] * 3
    assert isinstance(events[-1], Published)
    assert lc.record(tmp_path, "toys").given.inputs["tags"] == ["one"]
    assert "toy" in dir(lc)


def test_a_signature_lists_each_input_with_type_and_default(toy: Toy) -> None:
    signature = inspect.signature(toy)
    assert list(signature.parameters) == [
        *("word", "root", "times", "tone", "span", "tags", "loud", "source", "friend"),
        *("label", "cluster", "watch"),
    ]
    assert signature.parameters["times"].annotation is int
    assert signature.parameters["times"].default == 2
    assert signature.parameters["word"].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert signature.parameters["root"].default is inspect.Parameter.empty
    assert signature.parameters["source"].annotation == str | os.PathLike[str] | None
    assert signature.return_annotation is pd.DataFrame


def test_documentation_says_units_and_ranges(toy: Toy) -> None:
    text = inspect.getdoc(toy)
    assert text is not None
    assert text.startswith("Say a word several times, in wt%.\n\nParameters\n----------\n")
    assert "times : int, default 2\n    How often; times; at least 1, at most 9.\n" in text
    assert "tone : {'low', 'high'}, default 'low'" in text
    assert "span : (float, float) or str, default (1.0, 2.5)" in text
    assert "Returns\n-------\nDataFrame" in text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"word": "a", "times": 99}, "times 99: "),
        ({"word": "a", "volume": 3}, "volume"),
        ({}, "word must be given"),
    ],
)
def test_a_bad_input_is_named_as_it_was_given(
    toy: Toy, tmp_path: Path, given: dict[str, object], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        toy(root=tmp_path, **given)


def test_a_root_must_be_given(toy: Toy) -> None:
    with pytest.raises(InputError, match="root must be given"):
        toy("hello")


def test_everything_promised_is_there() -> None:
    names = {*PROCESSES, *ACTIONS, "open_mosaic", "open_maps", "open_gravity", "records", "record"}
    assert all(callable(getattr(lc, name)) for name in names - {"gravity"})
    assert names - {"gravity"} | {"reduce_gravity"} <= set(dir(lc))


def test_verbs_load_no_engine_before_they_are_used() -> None:
    code = "import sys, lunarcloud; dir(lunarcloud); sys.exit('lunarcloud.engine' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=_environment(), check=False).returncode == 0


def test_the_stub_is_in_step_with_the_registry() -> None:
    assert api_stub.PLACE.read_text(encoding="utf-8") == api_stub.stub(), "run: python -m lunarcloud.api_stub"


def test_type_checkers_know_the_verbs(tmp_path: Path) -> None:
    good = 'lunarcloud.polar(root="r", pole="south", pixel_m=500.0)'
    unknown = 'lunarcloud.ingest("tiles", root="r", ppd=4, resolution=3)'
    wrong = 'lunarcloud.polar(root="r", pole="east")'
    first, second = _mypy(tmp_path, good, unknown, wrong)
    assert first.startswith('script.py:3: error: Unexpected keyword argument "resolution"')
    assert second.startswith('script.py:4: error: Argument "pole"')


def _mypy(place: Path, *calls: str) -> list[str]:
    """The errors of a script of calls, with the stub alone: the whole package would take minutes."""
    (place / "lunarcloud").mkdir()
    (place / "lunarcloud/__init__.pyi").write_text(api_stub.PLACE.read_text(encoding="utf-8"))
    (place / "script.py").write_text("\n".join(("import lunarcloud", *calls, "")))
    options = ("--config-file=", "--ignore-missing-imports", "--no-site-packages")
    command = [sys.executable, "-m", "mypy", *options, "script.py"]
    done = subprocess.run(command, cwd=place, env=os.environ, capture_output=True, text=True, check=False)
    return [line for line in done.stdout.splitlines() if line.startswith("script.py") and "error" in line]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
