"""The model card: everything a reader of the maps may ask about the model, as one JSON document."""

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from lunarcloud.models.choices import Choices
from lunarcloud.models.equations import Equations
from lunarcloud.models.inputs import Standard
from lunarcloud.models.novelty import Novelty
from lunarcloud.models.training import Teaching, TrainingSettings

# Of a student that answers for its ensemble: the error of any oxide, wt%, and the share of pixels where it is
# within a fifth of what chance moves them by.
_MOST_RMS, _LEAST_WITHIN_A_FIFTH = 0.1, 0.99

Kind: TypeAlias = Literal["equation", "cnn"]


class _Record(BaseModel):
    # A card with a field that is not known here was written by a later version, for which the field matters:
    # it is refused and not read in part.
    model_config = ConfigDict(frozen=True, extra="forbid")


class Score(_Record):
    """Agreement of n predictions with measurements.

    Attributes
    ----------
    rmse : float
        Root mean square of predicted - measured, wt%.
    r2 : float
        ``1 - SSres / SStot``; 1 is perfect, 0 as good as the mean, negative worse than it.
    """

    rmse: float
    r2: float


class Spread(_Record):
    """A quantity over networks that differ only in their seed.

    Attributes
    ----------
    least, median, greatest : float
        In the quantity's own unit.
    """

    least: float
    median: float
    greatest: float


class Accuracy(_Record):
    """How well one model of one oxide does.

    Attributes
    ----------
    kind : {"equation", "cnn"}
        Which model.
    oxide : str
        ``feo``, ``tio2``, ``al2o3``, ``mgo`` or ``cao``.
    stations : int
        Stations that know the oxide.
    training : Score
        Of the fitted stations themselves.
    loocv : Score or None
        Leave-one-out: each station predicted by a model fitted without it (an equation's origin is
        searched again); None where one station fewer would be too few.
    training_r2_by_seed, loocv_r2_by_seed, training_rmse_by_seed, loocv_rmse_by_seed : Spread or None
        Networks alone: training is chaotic, one seed says little.
    paper_training_r2, paper_loocv_r2 : float or None
        What Qiu, Yan & Liu (2025) report for their 49 stations, where they do.
    shortfall : float or None
        How far the LOOCV R2, or the training R2 where the paper gives no other, lies below the paper's, of
        networks the median over seeds; negative where it lies above.
    """

    kind: Kind
    oxide: str
    stations: int
    training: Score
    loocv: Score | None
    training_r2_by_seed: Spread | None = None
    loocv_r2_by_seed: Spread | None = None
    training_rmse_by_seed: Spread | None = None
    loocv_rmse_by_seed: Spread | None = None
    paper_training_r2: float | None = None
    paper_loocv_r2: float | None = None
    shortfall: float | None = None

    @property
    def usual_training(self) -> Score:
        """The fit's score, of networks the median over seeds: what is said first of the model."""
        return _median(self.training_rmse_by_seed, self.training_r2_by_seed) or self.training

    @property
    def usual_loocv(self) -> Score | None:
        """The same of stations that were left out."""
        return _median(self.loocv_rmse_by_seed, self.loocv_r2_by_seed) or self.loocv


def _median(rmse: Spread | None, r2: Spread | None) -> Score | None:
    return None if rmse is None or r2 is None else Score(rmse=rmse.median, r2=r2.median)


class Residual(_Record):
    """One station's oxide by one model.

    Attributes
    ----------
    kind : {"equation", "cnn"}
        Which model.
    oxide : str
        Which oxide.
    site : str
        The station.
    measured : float
        wt%, of the sample.
    fitted : float
        wt%, by the model fitted to all stations.
    left_out : float or None
        wt%, by the model fitted without the station; None where one station fewer would be too few.
    chance : float or None
        Standard deviation over the networks of all seeds, wt%; None for an equation or a single seed.
    """

    kind: Kind
    oxide: str
    site: str
    measured: float
    fitted: float
    left_out: float | None
    chance: float | None = None


class StationUse(_Record):
    """A station of the table and what became of it.

    Attributes
    ----------
    site : str
        The station.
    reflectance : {"table", "mosaic"}
        Where its spectrum comes from.
    oxides : tuple of str
        Those that are known of it.
    pixels : int or None
        Valid pixels averaged, where the mosaic was sampled.
    spread : tuple of float or None
        Standard deviation of them in each band, reflectance as a fraction.
    """

    site: str
    reflectance: Literal["table", "mosaic"]
    oxides: tuple[str, ...]
    pixels: int | None = None
    spread: tuple[float, ...] | None = None


class BandAgreement(_Record):
    """How a mosaic agrees with the table in one band, over the stations that have both.

    Attributes
    ----------
    wavelength_nm : float
        The band's centre, nm.
    stations : int
        How many.
    gain, offset : float
        Of the least-squares line mosaic = gain x table + offset, fractions.
    scatter : float
        Standard deviation from that line, a fraction.
    difference : float
        Root mean square of mosaic / table - 1.
    """

    wavelength_nm: float
    stations: int
    gain: float
    offset: float
    scatter: float
    difference: float


class MissionInfluence(_Record):
    """The equations fitted without one mission's stations.

    Attributes
    ----------
    mission : str
        Apollo 11, Luna 20 ...
    stations : int
        How many were left out.
    equations : Equations
        Fitted to the others.
    change : dict of str to float
        By oxide, RMS difference to the model's equations over all stations, wt%.
    error : dict of str to float
        By oxide, mean of predicted - measured at the stations left out, wt%.
    """

    mission: str
    stations: int
    equations: Equations
    change: dict[str, float]
    error: dict[str, float]


class TrainingRecord(_Record):
    """How the networks were made.

    Attributes
    ----------
    architecture : str
        In words.
    settings : TrainingSettings
        Rate, epochs, patience, penalty.
    seeds, spread_seeds : tuple of int
        Of the networks that are mapped with (their mean), and of all trained to see the spread.
    inputs, targets : Standard
        Means and deviations of reflectances and OMAT, and of the oxides (wt%).
    plain_form_difference : float
        Greatest difference between the product's graph and the plain one on the stations, wt%.
    """

    architecture: str
    settings: TrainingSettings
    seeds: tuple[int, ...]
    spread_seeds: tuple[int, ...]
    inputs: Standard
    targets: Standard
    plain_form_difference: float


class StudentError(_Record):
    """How far the student is from the ensemble for one oxide, on pixels that it was not taught on.

    Attributes
    ----------
    oxide : str
        Which.
    rms, of_999, largest : float
        Root mean square, 99.9 % quantile and largest of the mean's absolute errors, wt%.
    chance : float
        Median over the pixels of the ensemble's standard deviation over seeds, wt%.
    within_a_fifth : float
        Share of the pixels whose error is at most a fifth of their own chance, or below the storage step.
    chance_error : float
        Root mean square of the relative errors of the chance.
    """

    oxide: str
    rms: float
    of_999: float
    largest: float
    chance: float
    within_a_fifth: float
    chance_error: float

    @property
    def doubts(self) -> tuple[str, ...]:
        """What its errors are, in words, that it may not answer for the ensemble with; empty if it may."""
        said = {
            f"more than {_MOST_RMS:g} wt%": self.rms > _MOST_RMS,
            f"more than a fifth of the chance of {self.chance:.3f} wt%": self.rms >= self.chance / 5,
            f"at {1 - self.within_a_fifth:.1%} of the pixels more than a fifth of their chance": (
                self.within_a_fifth < _LEAST_WITHIN_A_FIFTH
            ),
        }
        return tuple(words for words, true in said.items() if true)


class IntervalError(_Record):
    """How far half-widths as they are mapped are from those that the networks give.

    Attributes
    ----------
    map : str
        Which (``feo_cnn_half95``).
    median : float
        Of the half-widths, in the map's unit.
    error : float
        Root mean square of the relative errors.
    """

    map: str
    median: float
    error: float


class StudentRecord(_Record):
    """What was taught to stand for an ensemble.

    Attributes
    ----------
    teaching, teaching_of_intervals : Teaching
        Sizes and lengths of both perceptrons.
    choices : Choices or None
        How their spectra were chosen, and what intervals they stand for; None on cards of earlier versions.
    mosaic : bool
        Whether it was taught on pixels of the mosaic, and not on mixtures of the stations' spectra alone.
    spectra, held_out : int
        Spectra taught and examined on.
    reach : float
        Distance from the stations (`novelty`) up to which the student answers; beyond it the ensemble does.
    errors : tuple of StudentError
        By oxide.
    intervals : tuple of IntervalError
        Columns of the half-widths, in this order; empty where stations are too few.
    """

    teaching: Teaching
    teaching_of_intervals: Teaching
    choices: Choices | None = None
    mosaic: bool
    spectra: int
    held_out: int
    reach: float
    errors: tuple[StudentError, ...]
    intervals: tuple[IntervalError, ...]

    @property
    def faithful(self) -> bool:
        """Whether it may answer for the ensemble: it does so for every oxide."""
        return not any(each.doubts for each in self.errors)


class Card(_Record):
    """What is known of a model.

    Attributes
    ----------
    equations : Equations
        FeO, TiO2 and the origin of OMAT; the wavelengths all bands must have.
    oxides : tuple of str
        Outputs of the networks in their order; empty without networks.
    training : TrainingRecord or None
        Of the networks.
    student : StudentRecord or None
        What stands for the ensemble of networks; None of a single seed.
    novelty : Novelty or None
        The stations' distribution of spectra.
    used, left_out, not_fitted : tuple of StationUse, dict, dict
        Stations used; sites left out and oxides not fitted, each with the reason.
    accuracy, residuals : tuple
        Of every model and oxide.
    influence : tuple of MissionInfluence
        What leaving out a whole mission changes.
    mosaic_against_table : tuple of BandAgreement
        Whether both are one scale; empty where too few stations have both.
    equal_spectra : tuple of tuple of str
        Sites that have one spectrum, as those in one pixel of a mosaic: no model tells them apart.
    digests : dict
        SHA-256 of the model's files.
    software : dict
        Versions of what it was fitted with.
    """

    equations: Equations
    oxides: tuple[str, ...] = ()
    training: TrainingRecord | None = None
    student: StudentRecord | None = None
    novelty: Novelty | None = None
    used: tuple[StationUse, ...] = ()
    left_out: dict[str, str] = {}
    not_fitted: dict[str, str] = {}
    accuracy: tuple[Accuracy, ...] = ()
    residuals: tuple[Residual, ...] = ()
    influence: tuple[MissionInfluence, ...] = ()
    mosaic_against_table: tuple[BandAgreement, ...] = ()
    equal_spectra: tuple[tuple[str, ...], ...] = ()
    digests: dict[str, str] = {}
    software: dict[str, str] = {}
