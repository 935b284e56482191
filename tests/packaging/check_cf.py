"""Check Zarr groups by UDUNITS and the CF checker of IOOS: JSON, by URL a list of what is wrong.

Run by test_cf.py in an environment that has cf-units, compliance-checker, netCDF4, xarray and zarr.
"""

import json
import sys
import tempfile
import warnings
from pathlib import Path

import cf_units
import numpy as np
import xarray as xr
from compliance_checker.runner import CheckSuite, ComplianceChecker

# The checker reads netCDF only: some pixels of a group are enough, its attributes are what counts.
_PIXELS = 40


def main(urls: list[str]) -> dict[str, list[str]]:
    warnings.simplefilter("ignore")
    CheckSuite.load_all_available_checkers()
    return {url: problems(xr.open_dataset(url, engine="zarr", decode_cf=False)) for url in urls}


def problems(group: xr.Dataset) -> list[str]:
    units = {
        str(name): each.attrs["units"] for name, each in group.variables.items() if "units" in each.attrs
    }
    return [*(f"{name}: {unit}" for name, unit in units.items() if not parses(unit)), *broken(group)]


def parses(unit: str) -> bool:
    try:
        cf_units.Unit(unit)
    except ValueError:
        return False
    return True


def broken(group: xr.Dataset) -> list[str]:
    """What the checker calls an error."""
    few = group.isel({name: slice(_PIXELS) for name in group.dims if name in ("lat", "lon", "y", "x")})
    with tempfile.TemporaryDirectory() as place:
        path, said = Path(place, "group.nc"), Path(place, "said.json")
        typed(few).to_netcdf(path, engine="netcdf4")
        ComplianceChecker.run_checker(
            [str(path)], ["cf:1.11"], 0, "normal", output_filename=str(said), output_format="json"
        )
        results = json.loads(said.read_text())["cf:1.11"]["high_priorities"]
    return [message for result in results for message in result["msgs"]]


def typed(group: xr.Dataset) -> xr.Dataset:
    """The group with attributes of the types that netCDF has and JSON has not."""
    group = group.copy()
    # Those of Zarr's own conventions are for readers that know no CF.
    ours = {
        name: value for name, value in group.attrs.items() if ":" not in name and name != "zarr_conventions"
    }
    group.attrs = {name: plain(value) for name, value in ours.items()}
    for variable in group.variables.values():
        for name in ("flag_masks", "flag_values"):
            if name in variable.attrs:
                variable.attrs[name] = np.array(variable.attrs[name], variable.dtype)
        fill = variable.attrs.pop("_FillValue", None)
        # Where the group has none, xarray would write NaN.
        variable.encoding["_FillValue"] = None if fill is None else variable.dtype.type(fill)
    return group


def plain(value: object) -> object:
    return value if isinstance(value, str | int | float) else json.dumps(value)


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1:])))
