"""A model card for people: its accuracy as a table, and what a reader must know besides."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from lunarcloud.models.agreement import WARNED_ABOVE, worst
from lunarcloud.models.card import Accuracy, Card, Residual, Score, Spread

#: Robust standard deviations from the median error beyond which a reader is told of a station.
FAR = 3.0
_COLUMNS = ("oxide", "model", "n", "fit RMSE", "fit R2", "LOO RMSE", "LOO R2", "seeds", "mapped", "paper R2")


def accuracy_rows(card: Card) -> tuple[tuple[str, ...], tuple[tuple[str | int, ...], ...]]:
    """RMSE (wt%) and R2 of every model, fitted and by leave-one-out, beside the paper's: columns and rows.

    Of networks the medians over seeds, then the range of the LOO R2 over these, and that of what is mapped
    with.
    """
    rows = tuple(
        (
            each.oxide,
            each.kind,
            each.stations,
            *_scores(each.usual_training),
            *_scores(each.usual_loocv),
            _spread(each.loocv_r2_by_seed),
            _scores(each.loocv)[1] if each.loocv_r2_by_seed else "",
            _paper(each),
        )
        for each in card.accuracy
    )
    return _COLUMNS, rows


def agreement_rows(card: Card) -> tuple[tuple[str, ...], tuple[tuple[str | int, ...], ...]]:
    """Mosaic against table by band: columns and rows, reflectances as fractions."""
    rows = tuple(
        (
            f"{each.wavelength_nm:g}",
            each.stations,
            f"{each.gain:.3f}",
            f"{each.offset:+.4f}",
            f"{each.scatter:.4f}",
            f"{each.difference:.1%}",
        )
        for each in card.mosaic_against_table
    )
    return ("nm", "n", "gain", "offset", "scatter", "difference"), rows


def remarks(card: Card) -> list[str]:
    """What a reader must know besides: what was left out, not fitted, or falls short of the paper."""
    return [
        *_disagreement(card),
        *(f"{' and '.join(sites)}: one spectrum, which no model tells apart" for sites in card.equal_spectra),
        *_outliers(card),
        *(f"left out: {site}: {reason}" for site, reason in card.left_out.items()),
        *(f"not fitted: {what}: {reason}" for what, reason in card.not_fitted.items()),
        *(
            f"{each.oxide} {each.kind}: R2 {each.shortfall:.3f} below the paper's, "
            f"with {each.stations} stations where the paper has 49"
            for each in card.accuracy
            if each.shortfall is not None and each.shortfall > 0
        ),
    ]


def _disagreement(card: Card) -> list[str]:
    """A warning where mosaic and table are not quite one scale."""
    found = worst(card.mosaic_against_table)
    if found is None or found.difference <= WARNED_ABOVE:
        return []
    return [
        f"mosaic and table differ by {found.difference:.1%} at {found.wavelength_nm:g} nm (root mean square "
        f"over {found.stations} stations, more than {WARNED_ABOVE:.0%}): the two are not one scale"
    ]


def _outliers(card: Card) -> Iterator[str]:
    """By model the stations that it misses by far more than the others."""
    by_model = defaultdict[tuple[str, str], list[Residual]](list)
    for each in card.residuals:
        by_model[each.oxide, each.kind].append(each)
    for (oxide, kind), own in by_model.items():
        missed = np.array([_missed(each) for each in own])
        off = np.abs(missed - np.median(missed))
        # Of a normal distribution the standard deviation; what lies far off has no part in it.
        deviation = 1.4826 * np.median(off)
        far = np.flatnonzero((off > FAR * deviation) & (deviation > 0)).tolist()
        if far:
            said = (f"{own[at].site} {missed[at]:+.2f} wt% ({off[at] / deviation:.1f})" for at in far)
            yield f"{oxide} {kind}: missed by more than {FAR:g} robust standard deviations: {', '.join(said)}"


def _missed(found: Residual) -> float:
    """The error at a station that was left out, or else of the fit."""
    return (found.fitted if found.left_out is None else found.left_out) - found.measured


# Two decimals of wt%, three of R2: as the paper gives them, and finer than the spread between seeds.
def _scores(score: Score | None) -> tuple[str, str]:
    return ("", "") if score is None else (f"{score.rmse:.2f}", f"{score.r2:.3f}")


def _spread(spread: Spread | None) -> str:
    return "" if spread is None else f"{spread.least:.3f}..{spread.greatest:.3f}"


def r2_in_words(each: Accuracy) -> str:
    """The R2 of stations left out, or else of the fit; of networks the median over seeds and its range."""
    found, spread = (each.usual_loocv or each.usual_training), each.loocv_r2_by_seed
    return f"{found.r2:.3f}" + (f" ({_spread(spread)})" if spread else "")


def _paper(each: Accuracy) -> str:
    if each.paper_loocv_r2 is not None:
        return f"{each.paper_loocv_r2:.3f} LOO"
    return "" if each.paper_training_r2 is None else f"{each.paper_training_r2:.3f} fit"
