"""A model card for people: its accuracy as a table, and what a reader must know besides."""

from lunarcloud.models.agreement import WARNED_ABOVE, worst
from lunarcloud.models.card import Accuracy, Card, Score, Spread

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
