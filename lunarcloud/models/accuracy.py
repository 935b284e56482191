"""Accuracy of fitted models on the stations: RMSE and R2 as the paper defines them, and what it reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lunarcloud.models.card import Accuracy, Card, Kind, Residual, Score, Spread
from lunarcloud.models.equation_fit import Predictions
from lunarcloud.models.equations import QIU2025, equation_maps
from lunarcloud.models.inputs import FloatArray

if TYPE_CHECKING:  # slow to import
    import xarray as xr

#: R2 of Qiu, Yan & Liu (2025) on 49 stations: (training, LOOCV); None where they give none. For the
#: networks' training they say only that all exceed 0.96.
PAPER_R2: dict[tuple[Kind, str], tuple[float | None, float | None]] = {
    ("equation", "feo"): (0.923, None),
    ("equation", "tio2"): (0.798, None),
    ("cnn", "feo"): (0.96, 0.897),
    ("cnn", "tio2"): (0.96, 0.831),
    ("cnn", "al2o3"): (0.96, 0.947),
    ("cnn", "mgo"): (0.96, 0.755),
    ("cnn", "cao"): (0.96, 0.918),
}


def score(predicted: FloatArray, measured: FloatArray) -> Score:
    """RMSE (wt%) and R2 = 1 - SSres / SStot over the stations where both are known."""
    known = np.isfinite(predicted) & np.isfinite(measured)
    residual = (predicted - measured)[known]
    # The total is about the mean of the measured, as the paper's R2 has it, and not the squared correlation,
    # which no offset and no wrong slope would lower.
    total = ((measured[known] - measured[known].mean()) ** 2).sum()
    return Score(rmse=float(np.sqrt(np.mean(residual**2))), r2=float(1.0 - (residual**2).sum() / total))


def accuracy(
    kind: Kind, oxide: str, predictions: Predictions, by_seed: Sequence[Predictions] = ()
) -> Accuracy:
    """The accuracy of one model, with its spread over seeds if networks of several were trained.

    Parameters
    ----------
    kind : {"equation", "cnn"}
        Which model.
    oxide : str
        ``feo``, ``tio2``, ``al2o3``, ``mgo`` or ``cao``.
    predictions : Predictions
        What the model that is mapped with says of the stations, wt%.
    by_seed : sequence of Predictions
        What the networks of each seed say alone; empty for an equation, which has no seeds.

    Returns
    -------
    Accuracy
        RMSE in wt% and R2, beside what the paper reports for the same model and oxide.
    """
    paper = PAPER_R2.get((kind, oxide), (None, None))
    training, loocv = score(predictions.fitted, predictions.measured), _left_out(predictions)
    # The least and greatest of one seed are the same: as a spread they would claim that chance has no part.
    several = by_seed if len(by_seed) > 1 else ()
    fits = [score(each.fitted, each.measured) for each in several]
    without = [found for each in several if (found := _left_out(each))]
    made = Accuracy(
        kind=kind,
        oxide=oxide,
        stations=int(np.isfinite(predictions.measured).sum()),
        training=training,
        loocv=loocv,
        training_r2_by_seed=_spread([each.r2 for each in fits]),
        loocv_r2_by_seed=_spread([each.r2 for each in without]),
        training_rmse_by_seed=_spread([each.rmse for each in fits]),
        loocv_rmse_by_seed=_spread([each.rmse for each in without]),
        paper_training_r2=paper[0],
        paper_loocv_r2=paper[1],
    )
    return made.model_copy(update={"shortfall": _shortfall(made.usual_training, made.usual_loocv, *paper)})


def residuals(
    kind: Kind,
    oxide: str,
    predictions: Predictions,
    sites: Sequence[str],
    by_seed: Sequence[Predictions] = (),
) -> list[Residual]:
    """Measured and predicted wt% of every station that knows the oxide.

    Parameters
    ----------
    kind : {"equation", "cnn"}
        Which model.
    oxide : str
        Which oxide.
    predictions : Predictions
        Of the model at all stations, wt%.
    sites : sequence of str
        The stations' names, in the order of the predictions.
    by_seed : sequence of Predictions
        What the networks of each seed say alone; empty for an equation.

    Returns
    -------
    list of Residual
        In the order of the stations; those that do not know the oxide are left away.
    """
    without = predictions.left_out
    fitted = np.array([each.fitted for each in by_seed])
    chance = fitted.std(axis=0, ddof=1) if len(by_seed) > 1 else None
    return [
        Residual(
            kind=kind,
            oxide=oxide,
            site=sites[station],
            measured=float(predictions.measured[station]),
            fitted=float(predictions.fitted[station]),
            left_out=None if without is None else float(without[station]),
            chance=None if chance is None else float(chance[station]),
        )
        for station in np.flatnonzero(np.isfinite(predictions.measured)).tolist()
    ]


def paper_scores(card: Card, diagnostics: xr.Dataset) -> dict[str, Score]:
    """What the paper's own equations, as printed, say of the stations that a model was fitted to.

    Parameters
    ----------
    card : Card
        The model's card, with the measured wt%.
    diagnostics : xarray.Dataset
        As stored beside it, with the stations' ``reflectance``.

    Returns
    -------
    dict of str to Score
        By oxide, over the stations that know it: RMSE in wt%, and R2. Empty for stations of other bands than
        the equations are for.
    """
    reflectance = diagnostics["reflectance"]
    if tuple(reflectance["wavelength"].values.tolist()) != tuple(QIU2025.wavelengths_nm):
        return {}
    found = equation_maps(reflectance.values, QIU2025)
    row_of = {str(site): row for row, site in enumerate(reflectance["site"].values)}
    scores = {}
    for oxide, predicted in (("feo", found.feo), ("tio2", found.tio2)):
        known = [each for each in card.residuals if (each.kind, each.oxide) == ("equation", oxide)]
        if known:
            rows = [row_of[each.site] for each in known]
            scores[oxide] = score(
                predicted[rows].astype(np.float64), np.array([each.measured for each in known])
            )
    return scores


def _left_out(predictions: Predictions) -> Score | None:
    if predictions.left_out is None:
        return None
    return score(predictions.left_out, predictions.measured)


def _spread(values: Sequence[float]) -> Spread | None:
    if not values:
        return None
    return Spread(least=min(values), median=float(np.median(values)), greatest=max(values))


def _shortfall(
    training: Score, loocv: Score | None, paper_training: float | None, paper_loocv: float | None
) -> float | None:
    # Left-out stations come first: a network of 6400 weights fits 49 stations whatever it has learned.
    if paper_loocv is not None and loocv is not None:
        return paper_loocv - loocv.r2
    return None if paper_training is None else paper_training - training.r2
