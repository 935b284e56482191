"""Which maps a record has to export, and what their files are called."""

from pathlib import Path

import numpy as np
import pytest

from lunarcloud.errors import InputError, NotFoundError
from lunarcloud.exports.layers import chosen, groups_of
from lunarcloud.lineage import Record, open_root
from lunarcloud.maps import Run, RunCard, load_run
from lunarcloud.moon import grid
from lunarcloud.mosaic import MosaicCard
from lunarcloud.storage import folder
from lunarcloud.testing.small_root import write_mosaic, write_shard


@pytest.fixture
def record(root: str) -> Record[RunCard]:
    home = open_root(root)
    return home.record(home.find("runs"), RunCard)


def test_a_runs_levels_are_overviews_of_the_wanted_one(run: Run, record: Record[RunCard]) -> None:
    (group,) = groups_of(run.place, record, 1, whole_moon=True)
    assert [each.raster for each in group.levels] == [run.level_grid(level) for level in (1, 2, 3)]
    assert (group.title, group.suffix) == ("maps", "")


def test_a_level_that_is_not_there_is_refused(run: Run, record: Record[RunCard]) -> None:
    with pytest.raises(NotFoundError, match="has levels 0 to 3, not 4"):
        groups_of(run.place, record, 4, whole_moon=False)


def test_half_widths_go_with_the_finest_level(run: Run, record: Record[RunCard]) -> None:
    card = run.card.model_copy(update={"intervals": ("feo_cnn_half68",)})
    half_widths = load_run(run.place, card).intervals()
    for shard in half_widths.missing():
        codes = np.ones(half_widths.layout.raster.window(shard).shape, np.uint16)
        write_shard(half_widths, shard, {"feo_cnn_half68": codes, "quality": codes})
    half_widths.finish({"title": "half-widths"})
    with_them = record.model_copy(
        update={"groups": {**record.groups, "maps.zarr/intervals/": "ledger/intervals/"}}
    )
    _, group = groups_of(run.place, with_them, 0, whole_moon=True)
    assert (group.title, group.suffix) == ("maps_intervals", "_intervals")
    assert group.stored.read("feo_cnn_half68", group.stored.raster.whole).all()
    assert len(groups_of(run.place, with_them, 1, whole_moon=True)) == 1


def test_all_maps_or_those_that_are_named(run: Run, record: Record[RunCard]) -> None:
    groups = groups_of(run.place, record, 0, whole_moon=False)
    assert [names for _, names in chosen(groups, ())] == [("feo_cnn", "mg_number", "quality")]
    assert [names for _, names in chosen(groups, ("quality", "feo_cnn"))] == [("feo_cnn", "quality")]
    with pytest.raises(NotFoundError, match="no map 'sio2', only feo_cnn, mg_number, quality"):
        list(chosen(groups, ("feo_cnn", "sio2")))


def test_mosaics_have_no_levels(tmp_path: Path) -> None:
    record: Record[MosaicCard] = write_mosaic(folder(tmp_path), grid(1))
    home = folder(tmp_path) / record.ref.path
    (group,) = groups_of(home, record, 0, whole_moon=True)
    assert (group.title, group.suffix) == ("mosaic", "")
    with pytest.raises(InputError, match="only runs have"):
        groups_of(home, record, 1, whole_moon=True)


def test_groups_around_poles_are_told_apart(run: Run, record: Record[RunCard]) -> None:
    of_gravity = record.model_copy(
        update={
            "ref": record.ref.model_copy(update={"kind": "gravity"}),
            "groups": {f"gravity.zarr/{part}/": f"ledger/{part}/" for part in ("global", "south")},
        }
    )
    found = groups_of(run.place, of_gravity, 0, whole_moon=False)
    assert [(each.title, each.suffix) for each in found] == [("gravity", ""), ("gravity_south", "_south")]
