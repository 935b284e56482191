"""What figures of a fit need beyond its card, as an xarray dataset: R2 by origin, loss curves, spectra."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lunarcloud.models.equation_fit import EquationFit
from lunarcloud.models.gather import Gathered

if TYPE_CHECKING:  # loads onnx
    import xarray as xr

    from lunarcloud.models.network_fit import NetworkFit


def diagnostics(
    gathered: Gathered, equations: EquationFit, networks: NetworkFit | None, seeds: tuple[int, ...]
) -> xr.Dataset:
    """The dataset stored beside a card.

    Parameters
    ----------
    gathered : Gathered
        What was fitted to.
    equations : EquationFit
        The searches for the origins.
    networks : NetworkFit or None
        The training, where networks were trained.
    seeds : tuple of int
        All seeds trained, in the order of the losses.

    Returns
    -------
    xarray.Dataset
        ``reflectance`` (wavelength, site), a fraction; ``<oxide>_r2`` (x0, y0), NaN where an origin does not
        count; with networks ``loss`` (oxide, seed, epoch), NaN after early stopping; where stations have both
        ``table_reflectance`` and ``mosaic_reflectance`` (compared_band, compared_site).
    """
    import xarray as xr

    samples, compared = gathered.samples, gathered.compared
    variables: dict[str, xr.DataArray] = {
        "reflectance": xr.DataArray(
            samples.reflectance,
            coords={"wavelength": list(samples.wavelengths_nm), "site": list(samples.sites)},
            dims=("wavelength", "site"),
            attrs={"long_name": "reflectance fitted to", "units": "1"},
        )
    }
    for oxide, search in equations.searches.items():
        # Each oxide has axes of its own name: the two grids of origins differ in length and range.
        variables[f"{oxide}_r2"] = xr.DataArray(
            search.surface,
            coords={f"{oxide}_x0": search.x0, f"{oxide}_y0": search.y0},
            dims=(f"{oxide}_x0", f"{oxide}_y0"),
            attrs={"long_name": f"R2 of the {oxide} equation by its origin", "units": "1"},
        )
    if compared is not None and compared.sites:
        for name, values in (("table", compared.table), ("mosaic", compared.mosaic)):
            variables[f"{name}_reflectance"] = xr.DataArray(
                values,
                coords={
                    "compared_band": list(compared.wavelengths_nm),
                    "compared_site": list(compared.sites),
                },
                dims=("compared_band", "compared_site"),
                attrs={"long_name": f"reflectance of the stations by the {name}", "units": "1"},
            )
    if networks is not None:
        variables["loss"] = xr.DataArray(
            networks.losses,
            coords={
                "oxide": list(networks.networks.oxides),
                "seed": list(seeds),
                "epoch": np.arange(networks.losses.shape[2]),
            },
            dims=("oxide", "seed", "epoch"),
            attrs={"long_name": "training loss (standardised, with the L2 penalty)", "units": "1"},
        )
    return xr.Dataset(variables, attrs={"title": "Diagnostics of a fit of oxide models"})
