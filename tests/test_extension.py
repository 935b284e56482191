"""One line adds a process, one row an oxide or a map, one entry an instrument: seen everywhere at once."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest
import xarray as xr
from pydantic import BaseModel

import lunarcloud as lc
from lunarcloud import processes
from lunarcloud.archive.instruments import INSTRUMENTS, Instrument
from lunarcloud.archive.lpgrs import read_prospector
from lunarcloud.archive.stations import parse_stations, shipped_stations
from lunarcloud.engine import MemoryPlan, Session, Work
from lunarcloud.lineage import Given, Record, Root, open_root
from lunarcloud.maps import Run
from lunarcloud.models.equation_fit import fit_equations
from lunarcloud.models.gather import gather
from lunarcloud.models.network_fit import fit_networks
from lunarcloud.models.training import TrainingSettings
from lunarcloud.moon import grid
from lunarcloud.processes import PROCESSES, load_process, provenance
from lunarcloud.processes.inputs import Inputs, given_of, option
from lunarcloud.processes.process import Estimate, Made, Process, Report
from lunarcloud.processes.records import run_of
from lunarcloud.processes.registry import Line
from lunarcloud.processes.run import run_in
from lunarcloud.quantities import (
    COVERAGES,
    OXIDES,
    QUANTITIES,
    Oxide,
    Quantity,
    chance_map,
    half_width_map,
    oxide_map,
)
from lunarcloud.statistics.prospector import compare_with_prospector
from lunarcloud.statistics.source import source_of
from lunarcloud.storage import Folder, digest, folder
from lunarcloud.testing.fixtures import Command
from lunarcloud.testing.small_root import write_model, write_mosaic, write_shard

SILICA = Oxide(key="sio2", formula="SiO2", label="SiO$_2$", colours="magma", least=35, most=55, highest=60)
# Of a map by network and one by equation, so of both passes of the kernel.
EXCESS = Quantity(
    name="silica_excess",
    long_name="SiO2 less FeO",
    units="wt%",
    step=0.001,
    method="derived",
    colours="magma",
    least=0,
    most=55,
    label="SiO$_2$ less FeO (wt%)",
    made_from=("sio2_cnn", "feo_equation"),
    formula=lambda silica, iron: silica - iron,
)
CAMERA = Instrument(
    name="toy-camera",
    mission="Toy",
    sensor="CAM",
    wavelengths_nm=(415.0, 750.0, 900.0, 950.0, 1000.0, 1250.0),
    bands=tuple("abcdef"),
    observed=(datetime(2030, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)),
)


class ToyInputs(Inputs):
    """What to weigh."""

    mass: float = option(1.0, "how heavy it is", unit="kg", limits={"ge": 0})


class ToyCard(BaseModel):
    """What it weighs on the Moon."""

    newton: float


def _resolve(inputs: ToyInputs, root: Root) -> tuple[Given, float]:
    return given_of(inputs, root, {}), inputs.mass


def _make(mass: float, home: Folder, session: Session) -> Made[ToyCard]:
    home.write("weight.txt", b"light")
    return Made(ToyCard(newton=1.62 * mass), digest(b"light"))


def _open(record: Record[ToyCard], home: Folder) -> xr.DataArray:
    return xr.DataArray(record.card.newton)


TOY = Process(
    name="toy",
    kind="toys",
    algorithm=1,
    inputs=ToyInputs,
    card=ToyCard,
    resolve=_resolve,
    estimate=lambda mass, home, threads: [Estimate(title="weigh", tasks=1)],
    make=_make,
    open=_open,
    report=lambda record, home: Report({"newton": record.card.newton}),
)


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process: a module, and its line in the registry."""
    module: Any = ModuleType("toy")
    module.PROCESS = TOY
    monkeypatch.setitem(sys.modules, "toy", module)
    monkeypatch.setitem(PROCESSES, "toy", Line("toy", "Weigh a toy on the Moon (N)."))


@pytest.mark.usefixtures("toy")
def test_a_process_is_a_command_with_help_and_a_schema(lunarcloud: Command) -> None:
    assert "Weigh a toy" in lunarcloud("--help")[1]
    assert "--mass" in lunarcloud("toy", "--help")[1]
    lines = json.loads(lunarcloud("processes", "--json")[1])
    assert {"name": "toy", "type": "process", "summary": "Weigh a toy on the Moon (N)."} in lines
    schema = json.loads(lunarcloud("processes", "toy", "--json")[1])["inputs"]
    assert schema["properties"]["mass"]["unit"] == "kg"


@pytest.mark.usefixtures("toy")
def test_a_process_runs_as_command_for_machines_and_in_python(lunarcloud: Command, tmp_path: Any) -> None:
    code, _, err = lunarcloud("toy", "--root", tmp_path, "--mass", 2)
    assert code == 0, err
    code, out, err = lunarcloud(
        "run", "toy", "--root", tmp_path, "--inputs", '{"mass": 3}', "--events", "json"
    )
    assert json.loads(out.splitlines()[-1])["kind"] == "toys", err
    assert float(lc.toy(mass=4, root=tmp_path)) == pytest.approx(6.48)  # type: ignore[attr-defined]
    assert [each.card.newton for each in _toys(tmp_path)] == pytest.approx([3.24, 4.86, 6.48])
    code, _, err = lunarcloud("toy", "--root", tmp_path, "--mass", -1)
    assert (code, "--mass" in err) == (2, True)


def _toys(place: Any) -> list[Record[ToyCard]]:
    root = open_root(place)
    return [root.record(entry, ToyCard) for entry in root.catalog().of("toys")]


class _Here(Session):
    """Computes in this process, which alone knows the rows that a test adds."""

    def compute(self, work: Work) -> int:
        missing = work.group.missing()
        for shard in missing:
            write_shard(work.group, shard, work.function(shard).arrays)
        self.computed += len(missing)
        return len(missing)

    def spread(
        self, title: str, function: Callable[[Any], Any], items: Iterable[Any], **_: Any
    ) -> Iterator[tuple[Any, Any]]:
        for item in items:
            yield item, function(item)

    def require(self, memory: MemoryPlan) -> None:
        """There is no worker that could have too little."""


class Mapped(NamedTuple):
    """A run that has the rows that were added."""

    root: Root
    run: Run
    maps: xr.Dataset


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """An oxide, a map that is made from others, and an instrument."""
    _add_rows(monkeypatch)


def _add_rows(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(OXIDES, "sio2", SILICA)
    row = oxide_map(SILICA, "cnn")
    for each in (row, chance_map(row), *(half_width_map(row, end) for end in COVERAGES)):
        patch.setitem(QUANTITIES, each.name, each)
    patch.setitem(QUANTITIES, EXCESS.name, EXCESS)
    patch.setitem(INSTRUMENTS, CAMERA.name, CAMERA)


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Mapped:
    """A run of a mosaic of the instrument, by a model that has a network for the oxide."""
    place = folder(tmp_path_factory.mktemp("root"))
    with pytest.MonkeyPatch.context() as patch:
        _add_rows(patch)
        write_mosaic(place, grid(1, 180), instrument=CAMERA)
        write_model(place, instrument=CAMERA)
        process = load_process("map")
        made = run_in(_Here(), process, process.inputs(), Root(place))
        run = run_of(Root(place), Root(place).find("runs"))
        return Mapped(Root(place), run, process.open(made.record, made.place).load())


def test_maps_of_an_oxide_and_of_a_formula_are_stored_with_their_units(mapped: Mapped) -> None:
    assert mapped.maps["sio2_cnn"].attrs["long_name"] == "SiO2 abundance (wt%), CNN"
    assert mapped.maps["silica_excess"].attrs["units"] == "percent"
    excess = (mapped.maps["sio2_cnn"] - mapped.maps["feo_equation"]).clip(0)
    assert np.isfinite(excess).sum() > 20_000
    # Half a step of each, and of the result.
    assert abs(mapped.maps["silica_excess"] - excess).max() <= 0.0016


@pytest.mark.usefixtures("rows")
def test_each_is_drawn_and_listed_with_its_instrument(mapped: Mapped) -> None:
    id_ = mapped.root.find("runs").ref.id
    assert mapped.root.folder.exists(f"runs/{id_}/figures/silica_excess.png")
    item = json.loads(mapped.root.folder.read(f"stac/items/{id_}.json"))
    assert {"sio2_cnn", "silica_excess"} <= {band["name"] for band in item["assets"]["maps"]["bands"]}
    assert (item["properties"]["platform"], item["properties"]["instruments"]) == ("Toy", ["CAM"])
    collection = json.loads(mapped.root.folder.read("stac/collection.json"))
    assert collection["summaries"]["instruments"] == ["CAM"]
    assert lc.open_mosaic(mapped.root.url)["wavelength"].values.tolist() == list(CAMERA.wavelengths_nm)


@pytest.mark.usefixtures("rows")
def test_each_has_statistics_and_the_oxide_its_counterpart(mapped: Mapped) -> None:
    source = source_of(mapped.run)
    assert {"sio2_cnn", "silica_excess"} <= set(source.names)
    compared = compare_with_prospector(source, read_prospector("5deg"))
    assert compared.sel(map="sio2_cnn")["constituent"] == "SiO2"


@pytest.mark.usefixtures("rows")
def test_the_oxide_is_looked_for_by_an_option_of_its_own(
    lunarcloud: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Read again, as a new start would; both places where Python keeps the module are put back.
    assert "sio2" not in provenance.PROCESS.inputs.model_fields
    monkeypatch.delattr(processes, "provenance")
    monkeypatch.delitem(sys.modules, "lunarcloud.processes.provenance")
    assert "--sio2" in lunarcloud("provenance", "--help")[1]
    inputs = load_process("provenance").inputs(sio2="40:45")
    assert inputs.ranges() == {"sio2_cnn": (40.0, 45.0)}


@pytest.mark.usefixtures("rows")
def test_stations_know_the_oxide_and_a_network_is_trained_for_it() -> None:
    shipped = shipped_stations()
    header, *lines = [line.split(",") for line in shipped.dump().decode().splitlines()]
    table = [",".join([*header, "sio2"])]
    table += [",".join([*line, str(30 + number % 7)]) for number, line in enumerate(lines)]
    found = parse_stations("\n".join(table), "with silica")
    assert parse_stations(found.dump().decode(), found.name) == found
    samples = gather(found, None, "table").samples
    brief = TrainingSettings(epochs=1)
    fit = fit_networks(samples, fit_equations(samples), seeds=(0,), mapped=1, settings=brief)
    assert fit.networks.oxides[-1] == "sio2"


@pytest.mark.usefixtures("rows")
def test_an_oxide_that_no_station_knows_changes_no_table() -> None:
    assert b"sio2" not in shipped_stations().content()


def test_what_a_test_adds_is_gone_after_it() -> None:
    assert "toy" not in PROCESSES
    assert CAMERA.name not in INSTRUMENTS
    assert not [name for name in (*OXIDES, *QUANTITIES) if name.startswith(("sio2", "silica"))]
    assert "sio2" not in load_process("provenance").inputs.model_fields
