"""What was chosen to say how sure a model is: the spectra of its student, its intervals."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from lunarcloud.quantities import COVERAGES

_Share = Annotated[float, Field(gt=0, lt=1)]


class Choices(BaseModel):
    """The constants that a student is taught and intervals are made by.

    Attributes
    ----------
    blocks, block_edge : int
        Of the mosaic's pixels that are sampled: blocks all over the Moon, and pixels along their edge.
    held_out_one_in : int
        One block in so many is held out, as a whole: its pixels are too much alike to be parted.
    mixtures, stations_mixed : int
        Mixtures of stations' spectra, and of how many each: what every model can be asked, whatever mosaic
        there is.
    widened_one_in : int
        One widened spectrum for so many of the sample.
    brightness, between_bands : float
        By how much: all bands together, and each by itself, standard deviations of natural logarithms.
    answered : float
        Share of the sample that the student answers for; the rest is unlike almost everything it was taught.
    seed_of_spectra, seed_of_means, seed_of_intervals : int
        Of mixtures and widening, and of the first weights and the order of spectra of both perceptrons.
    intervals : str
        By which method.
    coverages : dict of str to float
        By the end of the maps' names.
    intervals_one_in : int
        One spectrum in so many is asked of all networks that were trained without a station: half-widths
        vary slowly.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    blocks: PositiveInt
    block_edge: PositiveInt
    held_out_one_in: PositiveInt
    mixtures: PositiveInt
    stations_mixed: PositiveInt
    widened_one_in: PositiveInt
    brightness: NonNegativeFloat
    between_bands: NonNegativeFloat
    answered: _Share
    seed_of_spectra: NonNegativeInt
    seed_of_means: NonNegativeInt
    seed_of_intervals: NonNegativeInt
    intervals: str
    coverages: dict[str, _Share]
    intervals_one_in: PositiveInt


#: Those of this version. A sample is of 600 000 spectra.
CHOICES = Choices(
    blocks=600,
    block_edge=32,
    held_out_one_in=10,
    mixtures=20_000,
    stations_mixed=3,
    widened_one_in=4,
    brightness=0.10,
    between_bands=0.01,
    answered=0.999,
    seed_of_spectra=0,
    seed_of_means=0,
    seed_of_intervals=1,
    intervals="jackknife+ (Barber et al. 2021, doi 10.1214/20-AOS1965), the farther end on both sides",
    coverages=dict(COVERAGES),
    intervals_one_in=80,
)
