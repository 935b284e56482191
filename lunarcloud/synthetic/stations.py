"""Sample stations on the synthetic Moon: true composition and the reflectance that belongs to it."""

import numpy as np
import pandas as pd

from lunarcloud.errors import InputError
from lunarcloud.moon import Positions
from lunarcloud.synthetic.geology import mare_fraction, truth
from lunarcloud.synthetic.spectra import reflectance

_BANDS = ("r415", "r750", "r900", "r950", "r1000")
# Places drawn for each that is wanted: maria without their shores are a fifth of this Moon.
_CANDIDATES = 64


def station_table(number: int = 49, *, seed: int = 0) -> pd.DataFrame:
    """A table of stations like the one of real sample sites, whose truth is exact.

    Parameters
    ----------
    number : int
        How many; two of three lie in maria, as nearly all landing sites do.
    seed : int
        Which of the synthetic Moons, and which places.

    Returns
    -------
    DataFrame
        ``site``, ``lat`` and ``lon`` (degrees, east -180..180), ``feo``, ``tio2``, ``al2o3``, ``mgo``,
        ``cao`` (wt%), ``r415`` to ``r1000`` (reflectance), ``pixels_averaged`` and where each is from.

    Raises
    ------
    InputError
        For a number below 1.
    """
    if number < 1:
        raise InputError(f"{number} stations: give 1 or more")
    where = _places(number, seed)
    true = truth(lat=where.lat, lon=where.lon, seed=seed)
    bands = dict(zip(_BANDS, reflectance(true), strict=True))
    oxides = {name: values for name, values in true._asdict().items() if name != "omat"}
    sites = [f"Synthetic {index + 1}" for index in range(number)]
    table = pd.DataFrame({"site": sites, "lat": where.lat, "lon": where.lon, **oxides, **bands})
    return table.assign(pixels_averaged="1", feo_tio2_source="synthetic", other_oxides_source="synthetic")


def _places(number: int, seed: int) -> Positions:
    random = np.random.default_rng([seed, 0x57A71])
    lat = np.degrees(np.arcsin(random.uniform(-0.9, 0.9, _CANDIDATES * number)))
    lon = random.uniform(-180.0, 180.0, _CANDIDATES * number)
    fraction = mare_fraction(lat=lat, lon=lon, seed=seed)
    # Two thirds, rounded up: the only station of a table of one is in a mare.
    in_maria = -(-2 * number // 3)
    # Exactly 1 and exactly 0: shores are mixtures, and a sample is of one rock.
    chosen = np.concatenate(
        [np.flatnonzero(fraction == 1.0)[:in_maria], np.flatnonzero(fraction == 0.0)[: number - in_maria]]
    )
    return Positions(lat=lat[chosen], lon=lon[chosen])
