"""Every number of Qiu, Yan & Liu (2025), doi 10.1038/s43247-025-02914-w, that results are held against.

The equations' coefficients are `models.QIU2025`, the accuracies stand on every model's card.
"""

from collections.abc import Mapping
from typing import NamedTuple

from lunarcloud.archive import SAMPLE_60639

#: What is cited on the page.
CITATION = (
    "Qiu, Yan & Liu (2025), Global chemical composition maps of oxide distributions on the Lunar surface, "
    "Communications Earth & Environment, doi 10.1038/s43247-025-02914-w"
)
#: Stations that its models were fitted to.
STATIONS = 49
#: The mission whose samples were new in it; its "previous" equations are fitted without them.
NEW_MISSION = "Chang'E-6"

#: The units of Table 1, by the names that `reduce` gives them.
UNITS = ("global", "maria", "non-maria", "Mare Tranquillitatis")
#: Table 1: means by map over these units, wt%; Mg# and OMAT have no unit.
MEANS: Mapping[str, tuple[float, float, float, float]] = {
    "feo_equation": (8.23, 16.85, 6.54, 17.51),
    "tio2_equation": (1.20, 3.70, 0.71, 8.46),
    "feo_cnn": (8.48, 17.71, 6.66, 18.7),
    "tio2_cnn": (0.99, 2.66, 0.67, 6.02),
    "al2o3_cnn": (23.88, 13.76, 25.84, 12.98),
    "mgo_cnn": (6.90, 9.42, 6.41, 8.49),
    "cao_cnn": (14.93, 11.28, 15.64, 11.62),
    "mg_number": (0.609, 0.494, 0.632, 0.450),
    "omat": (0.222, 0.194, 0.227, 0.16),
}
#: The same of the equations fitted without the new mission.
PREVIOUS_MEANS: Mapping[str, tuple[float, float, float, float]] = {
    "feo_equation": (8.22, 16.86, 6.54, 17.55),
    "tio2_equation": (1.07, 3.75, 0.55, 9.13),
}

#: Modes of the whole Moon's distributions, in the maps' units, ascending.
MODES: Mapping[str, tuple[float, ...]] = {
    "feo_equation": (4.47, 18.82),
    "feo_cnn": (5.28,),
    "tio2_cnn": (0.42,),
    "al2o3_cnn": (11.63, 27.76),
    "mgo_cnn": (5.11, 10.31),
    "cao_cnn": (10.63, 16.38),
    "mg_number": (0.634,),
}

#: RMSE of the equations on the stations that they are fitted to, wt%.
EQUATION_RMSE: Mapping[str, float] = {"feo": 1.37, "tio2": 1.24}

#: Limit of which area is told: FeO above it, wt%.
HIGH_IRON_WT = 24.0


class Polar(NamedTuple):
    """What it finds poleward of 65 S."""

    cells: int = 633_949
    km2: float = 1_426_385.25
    similar_cells: int = 51_421
    similar_per_cent: float = 8.1
    high_feo_cells: int = 42_762
    high_feo_km2: float = 96_214.0
    high_feo_per_cent: float = 6.7


POLAR = Polar()

#: Sample 60639, wt%, and where it finds it.
SAMPLE, SAMPLE_ORIGIN = "60639", "south-western Mare Tranquillitatis"
SAMPLE_RANGES = SAMPLE_60639

#: Degrees that its Bouguer anomaly and the gradients of it hold, the crust's density, kg/m3, the model.
BOUGUER_DEGREES, GRADIENT_DEGREES, DENSITY_KG_M3 = (60, 600), (50, 350), 2550.0
GRAVITY_MODEL = "GRGM1200B"
