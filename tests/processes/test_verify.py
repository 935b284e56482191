"""Verify and repair: whatever of whatever record was changed is named, and made again to the same bytes."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import xarray as xr

from lunarcloud.engine import Cluster
from lunarcloud.errors import InputError, StoreError
from lunarcloud.lineage import RECORD, open_root
from lunarcloud.processes.repair import Repair
from lunarcloud.processes.verify import ACTION, Verification
from lunarcloud.storage import Folder, digest, folder
from lunarcloud.synthetic import write_tiles
from lunarcloud.testing.fixtures import Command
from lunarcloud.testing.make import act, make

#: What is done to a record in its folder; gives the keys that verify must name.
Harm = Callable[[Path], set[str]]


@pytest.fixture(scope="module", autouse=True)
def _no_pictures(sketches: None) -> Iterator[None]:
    """Pictures are drawn elsewhere; that of the gravity is a stand-in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lunarcloud.processes.map._draw", lambda *_: {})
        patch.setattr("lunarcloud.figures.models.draw_fit", lambda *_: {})
        patch.setattr("lunarcloud.processes.gravity._draw", _stand_in)
        yield


def _stand_in(place: Folder, *_: object) -> None:
    place.write("globe.png", b"a picture of the globe")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster, few_oxides: Path) -> Path:
    """A root with a record of most kinds, and the tiles of some highlands and some mare beside it."""
    place = tmp_path_factory.mktemp("whole")
    write_tiles(place / "tiles", ppd=4, product_ids=["UI03N009", "UI03N027"])
    root = place / "root"
    make("ingest", root, cluster, tiles=(str(place / "tiles"),), ppd=2, shard=180)
    make("fit", root, stations=str(few_oxides), seeds=2)
    make("map", root, cluster)
    make("gravity", root, cluster, ppd=1, shard=90, degrees=(10, 20), gradient_degrees=(10, 20))
    make("reduce", root, cluster, sampling="pixels")
    return place


@pytest.fixture
def root(template: Path, tmp_path: Path) -> Path:
    """A copy to be harmed."""
    return Path(shutil.copytree(template, tmp_path / "copy")) / "root"


def _home(root: Path, kind: str) -> Path:
    return root / open_root(root).find(kind).ref.path


def _verify(root: Path, kind: str, cluster: Cluster) -> Verification:
    found = act("verify", root, cluster, record=kind)
    assert isinstance(found, Verification)
    return found


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def _flipped(key: str, named: str = "") -> Harm:
    """One bit of an object is another; named is its own key, or the ledger's entry of its shard."""

    def harm(home: Path) -> set[str]:
        _flip(home / key)
        return {named or key}

    return harm


def _lost(key: str, named: str = "") -> Harm:
    def harm(home: Path) -> set[str]:
        (home / key).unlink()
        return {named or key}

    return harm


def _swapped(one: str, other: str, *named: str) -> Harm:
    """Two objects of the right form, each under the other's name."""

    def harm(home: Path) -> set[str]:
        first, second = (home / one).read_bytes(), (home / other).read_bytes()
        assert first != second
        (home / one).write_bytes(second)
        (home / other).write_bytes(first)
        return set(named or (one, other))

    return harm


def _rewritten(entry: str, named: str, **values: object) -> Harm:
    """An entry of a ledger says something else."""

    def harm(home: Path) -> set[str]:
        path = home / entry
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}) if values else "{}")
        return {named}

    return harm


def _both(one: Harm, other: Harm) -> Harm:
    return lambda home: one(home) | other(home)


def _together(key: str, entry: str, named: str) -> Harm:
    """A shard was changed, and the ledger made to agree with it."""

    def harm(home: Path) -> set[str]:
        _flip(home / key)
        path, within = home / entry, key.partition(".zarr/")[2].removeprefix("0/")
        said = json.loads(path.read_text())
        assert within in said["objects"]
        said["objects"][within] = digest((home / key).read_bytes())
        path.write_text(json.dumps(said))
        return {named}

    return harm


HARM: dict[str, tuple[str, Harm]] = {
    "a bit of a mosaic's shard": (
        "mosaics",
        _flipped("mosaic.zarr/reflectance/c/0/0/2", "ledger/0-2.json"),
    ),
    "a lost shard of a mosaic": ("mosaics", _lost("mosaic.zarr/reflectance/c/0/0/2", "ledger/0-2.json")),
    "an entry that cannot be read": ("mosaics", _rewritten("ledger/0-1.json", "ledger/0-1.json")),
    "entries that changed places": ("mosaics", _swapped("ledger/0-0.json", "ledger/0-1.json")),
    "shards that changed places": (
        "gravity",
        _swapped(
            "gravity.zarr/global/bouguer_anomaly/c/0/0",
            "gravity.zarr/global/bouguer_anomaly/c/0/1",
            "ledger/global/0-0.json",
            "ledger/global/0-1.json",
        ),
    ),
    "a lost entry": ("mosaics", _lost("ledger/1-1.json", "ledger/")),
    "metadata of a mosaic": ("mosaics", _flipped("mosaic.zarr/zarr.json")),
    "latitudes of a mosaic": ("mosaics", _flipped("mosaic.zarr/lat/c/0")),
    "lost metadata": ("mosaics", _lost("mosaic.zarr/reflectance/zarr.json")),
    "a bit of a run's shard": ("runs", _flipped("maps.zarr/0/omat/c/0/2", "ledger/0/0-2.json")),
    "a lost shard of an overview": ("runs", _lost("maps.zarr/1/feo_cnn/c/0/1", "ledger/1/0-1.json")),
    "a plan that cannot be read": ("runs", _rewritten("plan.json", "plan.json")),
    "a lost plan": ("runs", _lost("plan.json")),
    "plan and shard": (
        "runs",
        _both(_flipped("plan.json"), _flipped("maps.zarr/0/omat/c/0/2", "ledger/0/0-2.json")),
    ),
    "shard and entry together": (
        "runs",
        _together("maps.zarr/0/omat/c/0/2", "ledger/0/0-2.json", "ledger/0/"),
    ),
    "metadata of a run": ("runs", _flipped("maps.zarr/zarr.json")),
    "networks": ("models", _flipped("model.onnx")),
    "lost stations of a model": ("models", _lost("stations.csv")),
    "a published table": ("stations", _flipped("stations.csv")),
    "a bit of the gravity": (
        "gravity",
        _flipped("gravity.zarr/global/bouguer_anomaly/c/0/1", "ledger/global/0-1.json"),
    ),
    "coefficients": ("gravity", _flipped("gravity.zarr/harmonics/gravity_disturbance/zarr.json")),
    "a picture": ("gravity", _flipped("figures/globe.png")),
    "a table of a finding": ("statistics", _flipped("statistics.csv")),
    "numbers of a finding": ("statistics", _flipped("statistics.zarr/zarr.json")),
}


@pytest.mark.parametrize("kind", ["mosaics", "stations", "models", "runs", "gravity", "statistics"])
def test_a_whole_record_verifies(template: Path, cluster: Cluster, kind: str) -> None:
    found = _verify(template / "root", kind, cluster)
    assert found.damaged == ()
    home = folder(_home(template / "root", kind))
    assert found.shards == len(home.keys("ledger"))
    assert found.objects >= 2


@pytest.mark.parametrize("case", HARM)
def test_what_was_changed_is_named_and_made_again_to_the_same_bytes(
    root: Path, cluster: Cluster, case: str
) -> None:
    kind, harm = HARM[case]
    home = _home(root, kind)
    before = folder(home).read_all()
    named = harm(home)
    found = _verify(root, kind, cluster)
    assert {damage.key for damage in found.damaged} == named
    repaired = act("repair", root, cluster, record=kind)
    assert isinstance(repaired, Repair)
    assert (repaired.made_again, repaired.left) == (found.damaged, ())
    after = folder(home).read_all()
    assert after.keys() == before.keys()
    changed = {key for key, data in before.items() if after[key] != data}
    # Entries of a ledger say how long it took, and who did it.
    assert all(key.startswith("ledger/") for key in changed)


def test_a_lost_shard_that_plain_xarray_reads_as_missing_is_named(root: Path, cluster: Cluster) -> None:
    home = _home(root, "gravity")
    anomaly = xr.open_zarr(home / "gravity.zarr/global")["bouguer_anomaly"]
    assert not anomaly.isnull().any()
    (home / "gravity.zarr/global/bouguer_anomaly/c/0/1").unlink()
    assert anomaly.isnull().any()
    assert [each.key for each in _verify(root, "gravity", cluster).damaged] == ["ledger/global/0-1.json"]


def test_only_what_is_damaged_is_made_again(root: Path, cluster: Cluster) -> None:
    home = _home(root, "runs")
    before = {path: path.stat().st_mtime_ns for path in home.glob("maps.zarr/*/*/c/*/*")}
    _flip(home / "maps.zarr/0/omat/c/0/2")
    act("repair", root, cluster, record="runs")
    written = {path for path, then in before.items() if path.stat().st_mtime_ns != then}
    # All maps of the one shard.
    assert written == set(home.glob("maps.zarr/0/*/c/0/2"))
    assert len(written) < len(before)


def test_a_damaged_record_is_named_and_cannot_be_repaired(root: Path, cluster: Cluster) -> None:
    _flip(_home(root, "runs") / RECORD)
    found = _verify(root, "runs", cluster)
    assert [(damage.what, damage.key) for damage in found.damaged] == [("record", RECORD)]
    assert "restore it from a copy" in ACTION.report(found).remarks[-1]
    with pytest.raises(StoreError, match="restore it from a copy, or remove"):
        act("repair", root, cluster, record="runs")


def test_a_whole_record_needs_no_repair(template: Path, cluster: Cluster) -> None:
    repaired = act("repair", template / "root", cluster, record="runs")
    assert (repaired.made_again, repaired.left) == ((), ())


def test_what_other_software_made_is_not_repaired_by_this_one(
    root: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    (_home(root, "statistics") / "means.csv").unlink()
    monkeypatch.setattr("lunarcloud.processes.run.version", lambda name: "0.0.1")
    with pytest.raises(InputError, match=r"was made by other software: .*numpy .* \(now 0\.0\.1\)"):
        act("repair", root, cluster, record="statistics")


def test_the_command_names_what_is_damaged_and_ends_with_1(
    root: Path, scheduler: str, lunarcloud: Command
) -> None:
    home = _home(root, "runs")
    _flip(home / "maps.zarr/0/omat/c/0/2")
    words = ("--root", root, "--scheduler", scheduler)
    code, out, _ = lunarcloud("verify", "runs", *words)
    assert code == 1
    assert f"{home}/maps.zarr/0/omat/c/0/2: damaged" in out
    assert lunarcloud("repair", "runs", *words)[0] == 0
    code, out, _ = lunarcloud("verify", "runs", *words, "--json")
    assert (code, json.loads(out)["damaged"]) == (0, [])


@pytest.mark.parametrize("plan", [None, b"{}"])
def test_workers_that_would_make_other_bytes_repair_nothing_and_forget_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch, plan: bytes | None
) -> None:
    home = _home(root, "mosaics")
    _flip(home / "mosaic.zarr/reflectance/c/0/0/2")
    if plan is not None:
        (home / "plan.json").write_bytes(plan)
    before = folder(home / "ledger").read_all()
    monkeypatch.setenv("LUNARCLOUD_PROVIDERS", '["CPUExecutionProvider", "AzureExecutionProvider"]')
    with pytest.raises(InputError, match="AzureExecutionProvider"):
        act("repair", root, Cluster(workers=1), record="mosaics")
    assert folder(home / "ledger").read_all() == before


def test_an_unknown_record_is_bad_input(template: Path, lunarcloud: Command) -> None:
    code, _, error = lunarcloud("verify", "zzz", "--root", template / "root")
    assert code == 2
    assert "'zzz'" in error
