"""Every kind of COG is one to its validator too, without a warning."""

from pathlib import Path
from typing import Any

import pytest
from rio_cogeo.cogeo import cog_validate

from lunarcloud.engine import quiet
from lunarcloud.exports.cog import Wanted, write_cog
from lunarcloud.exports.layers import Layer
from lunarcloud.exports.rasters import Stored, box_named
from lunarcloud.lineage import Ref
from lunarcloud.maps import Run
from lunarcloud.moon import grid
from lunarcloud.mosaic import load_mosaic
from lunarcloud.storage import Folder, folder
from lunarcloud.testing.runs import MakeRun, truth_maps
from lunarcloud.testing.small_root import write_mosaic

WANTED: dict[str, dict[str, Any]] = {
    "whole": {},
    "region": {"box": box_named("Mare Tranquillitatis")},
    "pole": {"crs": "IAU_2015:30135"},
    "Mollweide": {"crs": "IAU_2015:30140"},
}


@pytest.fixture(scope="module")
def levels(make_run: MakeRun, tmp_path_factory: pytest.TempPathFactory) -> list[Stored]:
    """A map that is larger than a tile on several levels, for a smaller one needs no overviews."""
    on = grid(6, 1024)
    maps = {"feo_cnn": truth_maps(on)["feo_cnn"]}
    run: Run = make_run(on, maps, folder(tmp_path_factory.mktemp("root")), "large")
    return [Stored(run.store / str(number)) for number in range(run.levels)]


def problems(target: Folder, layer: Layer, **wanted: Any) -> list[str]:
    """What its validator has to say against the COG of a map."""
    write_cog(target, "map.tif", layer, Wanted(**wanted), quiet)
    _, errors, warnings = cog_validate(Path(target.url, "map.tif"), strict=True)
    return [*errors, *warnings]


@pytest.mark.parametrize("name", ["feo_cnn", "quality"])
@pytest.mark.parametrize("kind", WANTED)
def test_maps_and_flags_are_valid_cogs(levels: list[Stored], target: Folder, name: str, kind: str) -> None:
    assert problems(target, Layer(levels, name), **WANTED[kind]) == []


def test_a_mosaic_is_a_valid_cog(tmp_path: Path, target: Folder) -> None:
    root = folder(tmp_path / "root")
    record = write_mosaic(root, grid(4))
    mosaic = load_mosaic(root / Ref(kind="mosaics", id=record.ref.id).path, record.card)
    assert problems(target, Layer([Stored(mosaic.group.place)], "reflectance")) == []
