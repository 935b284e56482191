"""A mosaic of eight bands: gathered, fitted to, mapped; nothing assumes five."""

import numpy as np
import numpy.typing as npt
import pytest

from lunarcloud.archive.instruments import INSTRUMENTS
from lunarcloud.archive.stations import parse_stations
from lunarcloud.errors import InputError
from lunarcloud.maps import finish_maps, load_run, map_works, plan_maps
from lunarcloud.models import builtin, load_model
from lunarcloud.models.equation_fit import fit_equations
from lunarcloud.models.gather import gather
from lunarcloud.moon import grid
from lunarcloud.mosaic import Mosaic, load_mosaic
from lunarcloud.quantities import QUANTITIES
from lunarcloud.storage import Folder, folder
from lunarcloud.testing.small_root import spectra, write_model, write_mosaic, write_shard

KAGUYA = INSTRUMENTS["kaguya-mi"]
STATIONS = "site,lat,lon,feo,tio2\n" + "\n".join(
    f"S{number},{5 * number - 40},{17 * number - 120},{4 + number},{number / 3 + 0.3}" for number in range(16)
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return folder(tmp_path_factory.mktemp("root"))


@pytest.fixture(scope="module")
def mosaic(root: Folder) -> Mosaic:
    def soils(shape: tuple[int, int], seed: list[int]) -> npt.NDArray[np.int16]:
        return spectra(shape, seed, KAGUYA)

    record = write_mosaic(root, grid(1, 180), soils, KAGUYA)
    return load_mosaic(root / record.ref.path, record.card)


def test_a_mosaic_has_the_bands_of_its_instrument(mosaic: Mosaic) -> None:
    reflectance = mosaic.open()["reflectance"]
    assert reflectance["wavelength"].values.tolist() == list(KAGUYA.wavelengths_nm)
    assert reflectance.attrs["long_name"].endswith("Kaguya MI")


def test_equations_are_fitted_to_eight_bands(mosaic: Mosaic) -> None:
    gathered = gather(parse_stations(STATIONS, "sixteen"), mosaic, "mosaic")
    assert gathered.samples.reflectance.shape == (8, 16)
    fitted = fit_equations(gathered.samples)
    assert fitted.equations.wavelengths_nm == KAGUYA.wavelengths_nm
    assert fitted.equations.iron is not None
    assert fitted.equations.titanium is not None


def test_all_maps_are_made_of_eight_bands(root: Folder, mosaic: Mosaic) -> None:
    record = write_model(root, "eight", KAGUYA)
    plan = plan_maps(mosaic, load_model(root / record.ref.path, record.ref.id, record.card))
    for each in map_works(plan, root / "runs/eight"):
        for shard in each.group.missing():
            write_shard(each.group, shard, each.function(shard).arrays)
    run = load_run(root / "runs/eight", plan.card)
    finish_maps(run, {"title": "eight bands"})
    maps = run.open().assign(run.open_intervals().drop_vars("quality"))
    assert set(maps.data_vars) == {*QUANTITIES, "quality"}
    assert all(np.isfinite(maps[name].values).mean() > 0.9 for name in QUANTITIES)
    assert plan.card.instrument == "kaguya-mi"


def test_a_model_of_five_bands_is_refused_with_both_instruments_bands(mosaic: Mosaic) -> None:
    with pytest.raises(InputError, match=r"qiu2025 .* 1000 nm; the mosaic of Kaguya MI has .* 1550 nm"):
        plan_maps(mosaic, builtin("qiu2025"))
