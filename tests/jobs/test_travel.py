"""Files that travel with a job, and those that do not."""

from pathlib import Path

import pytest

from lunarcloud.errors import InputError
from lunarcloud.jobs import Wanted, prepare, submit_job
from lunarcloud.lineage import Root, identity, open_root
from lunarcloud.processes import load_process
from lunarcloud.testing.s3_server import S3
from tests.toys import ToyInputs


@pytest.fixture
def root(s3_environment: S3, request: pytest.FixtureRequest) -> Root:
    """A root that is seen from far."""
    return open_root(f"s3://moon/travel/{request.node.name.partition('[')[0]}")


def test_a_small_file_travels_into_the_root_under_its_name(root: Root, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("word")
    inputs = ToyInputs(word="hello", source=str(tmp_path / "a.csv"))
    job = submit_job(prepare("toy", inputs, root, Wanted(on="far")), root).job
    assert job.inputs["source"].startswith(f"{root.url}/inputs/")
    assert job.inputs["source"].endswith("/a.csv")
    assert root.folder.read(job.inputs["source"].removeprefix(f"{root.url}/")) == b"word"


def test_a_table_of_stations_makes_the_same_record_wherever_it_lies(
    root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.csv").write_text("site,lat,lon,feo\nhere,1,2,3\n")
    process = load_process("stations")
    near = process.inputs(table=str(tmp_path / "mine.csv"), name="mine")
    job = submit_job(prepare("stations", near, root, Wanted(on="far")), root).job
    given, _ = process.resolve(process.inputs(**job.inputs), root)
    assert job.record == f"stations/{identity(process.name, process.algorithm, given)}"
    assert root.find("stations").ref.id == job.record.removeprefix("stations/")


@pytest.mark.parametrize("name", ["folder", "large.csv", "*.csv", "a.shp"])
def test_what_cannot_travel_is_refused_with_what_to_do(
    root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("lunarcloud.jobs.travel.MOST_BYTES", 3)
    (tmp_path / "folder").mkdir()
    (tmp_path / "large.csv").write_text("four")
    (tmp_path / "a.shp").write_text("one")
    inputs = ToyInputs(word="hello", source=str(tmp_path / name))
    with pytest.raises(InputError, match=r"--source .* copy this to the store"):
        prepare("toy", inputs, root, Wanted(on="far"))
    assert root.folder.keys() == []


def test_a_record_with_the_name_of_a_folder_is_no_folder(
    root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "latest").mkdir()
    submit_job(prepare("toy", ToyInputs(word="a"), root, Wanted(on="far")), root)
    answer = ToyInputs(word="b", friend="latest")
    assert submit_job(prepare("toy", answer, root, Wanted(on="far")), root).called == "ended with 0"


def test_near_a_job_reads_local_files_where_they_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("word")
    inputs = ToyInputs(word="hello", source="./a.csv")
    prepared = prepare("toy", inputs, open_root(tmp_path / "root"), Wanted(on="here"))
    assert prepared.job.inputs["source"] == str(tmp_path / "a.csv")
