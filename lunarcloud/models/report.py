"""A model card in the terminal."""

from rich.box import SIMPLE_HEAD
from rich.table import Table

from lunarcloud.models.card import Accuracy, Card, Score, Spread


def accuracy_table(card: Card) -> Table:
    """RMSE (wt%) and R2 of every model, fitted and by leave-one-out, beside the paper's."""
    title = f"accuracy of model {card.id}: RMSE in wt%; LOO: each station predicted without itself"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    # Two lines of heading keep the table within 80 columns.
    columns = (
        "oxide",
        "model",
        "n",
        "fit\nRMSE",
        "fit\nR2",
        "LOO\nRMSE",
        "LOO\nR2",
        "LOO R2\nby seed",
        "paper\nR2",
    )
    for column in columns:
        table.add_column(column, justify="left" if column in ("oxide", "model") else "right", no_wrap=True)
    for each in card.accuracy:
        table.add_row(
            each.oxide,
            each.kind,
            str(each.stations),
            *_scores(each.training),
            *_scores(each.loocv),
            _spread(each.loocv_r2_by_seed),
            _paper(each),
        )
    return table


def remarks(card: Card) -> list[str]:
    """What a reader must know besides: what was left out, not fitted, or falls short of the paper."""
    return [
        *(f"left out: {site}: {reason}" for site, reason in card.left_out.items()),
        *(f"not fitted: {what}: {reason}" for what, reason in card.not_fitted.items()),
        *(
            f"{each.oxide} {each.kind}: R2 {each.shortfall:.3f} below the paper's, "
            f"with {each.stations} stations where the paper has 49"
            for each in card.accuracy
            if each.shortfall is not None and each.shortfall > 0
        ),
    ]


# Two decimals of wt%, three of R2: as the paper gives them, and finer than the spread between seeds.
def _scores(score: Score | None) -> tuple[str, str]:
    return ("", "") if score is None else (f"{score.rmse:.2f}", f"{score.r2:.3f}")


def _spread(spread: Spread | None) -> str:
    return "" if spread is None else f"{spread.least:.3f}-{spread.greatest:.3f}"


def _paper(each: Accuracy) -> str:
    if each.paper_loocv_r2 is not None:
        return f"{each.paper_loocv_r2:.3f} LOO"
    return "" if each.paper_training_r2 is None else f"{each.paper_training_r2:.3f} fit"
