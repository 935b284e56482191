"""What is to be told of a change: stations, coefficients, accuracy, means, area, pictures, what it took."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from lunarcloud.archive import Station
from lunarcloud.errors import NotFoundError
from lunarcloud.lineage import Entry, Root
from lunarcloud.models import Accuracy, Card, Score
from lunarcloud.processes import Cell, FindingCard, Known, Table, known_record, table_of_record
from lunarcloud.reprocessing.change import Change
from lunarcloud.statistics import BEYOND, BY_CHANCE, CHANCE_OF_MEAN_DIFFERENCE, is_trained
from lunarcloud.storage import Ledger, open_dataset

#: Area is told where a map moved by more than this, wt%.
CHANGED_WT = 1.0
#: A station is flagged that the model fitted without it misses by more than so many times the usual error.
FLAGGED_SIGMA = 5.0

# The column of a comparison with what chance explains of a mean, where it is known, and its widest unit.
_CHANCE_OF_MEAN, _MOON = CHANCE_OF_MEAN_DIFFERENCE, "global"
_OF_EQUATIONS = (
    "Is the change larger than chance? In the equations there is none: the same stations give the same ones."
)
_OF_NETWORKS = (
    f"A mean of networks has moved beyond chance where it did by more than {BEYOND:g} times what chance "
    "explains: the scatter of single networks over the root of how many there are, of both models. By chance "
    f"alone {BY_CHANCE:.1%} of the pixels move by more than that, on average over many seeds; neighbours "
    "share their networks, so of any one pair of models it is much of the Moon or nothing."
)
_UNKNOWN = (
    "Of networks of a single seed nobody knows; nor where the same ones made both maps, off alike in each."
)


class Picture(NamedTuple):
    """A picture that a record holds: caption, the folder and key of its PNG under the root."""

    caption: str
    place: str
    key: str


class Told(NamedTuple):
    """What is to be told of a change.

    Attributes
    ----------
    title : str
        In a line.
    facts : dict of str to str
        One a line.
    tables : dict of str to Table
        By title.
    remarks : tuple of str
        Sentences.
    rows : tuple of tuple of Picture
        Pictures that belong beside each other.
    """

    title: str
    facts: dict[str, str]
    tables: dict[str, Table]
    remarks: tuple[str, ...]
    rows: tuple[tuple[Picture, ...], ...]


def told_of(root: Root, change: Change) -> Told:
    """What is to be told of a change; what was removed since is left out.

    Parameters
    ----------
    root : Root
        Where it happened.
    change : Change
        Which.
    """
    models, compared = _cards(root, change), _found(root, change.comparison)
    tables = {
        "stations": _stations(root, change),
        "coefficients": _coefficients(*models) if models else None,
        "accuracy: RMSE in wt%; LOO: each station predicted without itself": (
            _accuracy(*models) if models else None
        ),
        "means by unit, wt%": _means(compared.record.card) if compared else None,
        "larger than chance? the whole Moon, wt%": _beside_chance(compared.record.card) if compared else None,
        f"area that moved by more than {CHANGED_WT:g} wt%": _area(root, compared) if compared else None,
        "what was made": _steps(root, change),
    }
    return Told(
        title=f"The Moon of {change.at:%Y-%m-%d %H:%M} UTC",
        facts={**_facts(change), "took": _took(root, change)},
        tables={name: table for name, table in tables.items() if table and table.rows},
        remarks=(
            *_refused(change),
            *(_flagged(models[1]) if models else ()),
            *(_of_chance(compared.record.card) if compared else ()),
        ),
        rows=tuple(_pictures(root, change, compared)) if compared else (),
    )


def vcpu_seconds(root: Root, entry: Entry) -> float:
    """What a record took, seconds of one thread: its shards' by their ledgers, or from start to end."""
    record = known_record(root, entry).record
    ledgers = [Ledger(root.place(entry.ref) / key.rstrip("/")) for key in record.groups.values()]
    if not ledgers:
        return (record.finished - record.started).total_seconds()
    return sum(each.seconds for ledger in ledgers for each in ledger.entries().values())


def _facts(change: Change) -> dict[str, str]:
    moved = {kind: f"{each.after}, before {each.before or 'none'}" for kind, each in change.moved.items()}
    return {
        "change": change.id,
        **moved,
        **({"comparison": change.comparison} if change.comparison else {}),
        "inbox": ", ".join(change.files) or "empty",
    }


def _took(root: Root, change: Change) -> str:
    """Time of one vCPU, and money, of what was made; what was there already took none."""
    made = (_found(root, each.new) for each in change.steps if each.shards_computed is not None)
    hours = sum(vcpu_seconds(root, found.entry) for found in made if found) / 3600
    price = change.price_vcpu_hour
    paid = f", about {hours * price:.2g} US$ at {price:g} US$ an hour" if price else ""
    return f"{hours:.2g} vCPU-hours{paid}"


def _refused(change: Change) -> Iterator[str]:
    for name, errors in change.refused.items():
        yield f"refused: {name}: {' '.join(errors)}"


def _found(root: Root, name: str) -> Known | None:
    """A record by ``kind/id``, if it is (still) there."""
    try:
        return known_record(root, root.locate(name)) if name else None
    except NotFoundError:
        return None


def _cards(root: Root, change: Change) -> tuple[Card | None, Card] | None:
    """The models' cards before and after, if another is latest now."""
    moved = change.moved.get("models")
    after = _found(root, moved.after) if moved else None
    before = _found(root, moved.before) if moved else None
    return (before.record.card if before else None, after.record.card) if after else None


def _stations(root: Root, change: Change) -> Table | None:
    moved = change.moved.get("stations")
    if moved is None:
        return None
    old, new = (_sites(root, name) for name in (moved.before, moved.after))
    rows = [
        *((site, "new", *_place(new[site])) for site in new.keys() - old.keys()),
        *((site, "withdrawn", *_place(old[site])) for site in old.keys() - new.keys()),
        *(
            (site, "replaced", *_place(new[site]))
            for site in new.keys() & old.keys()
            if old[site] != new[site]
        ),
    ]
    return Table(columns=("site", "is", "lat", "lon", "oxides, wt%"), rows=tuple(sorted(rows)))


def _sites(root: Root, name: str) -> dict[str, Station]:
    found = _found(root, name)
    stations = table_of_record(root, found.entry).stations if found else ()
    return {each.site: each.uncited() for each in stations}


def _place(station: Station) -> tuple[Cell, Cell, Cell]:
    oxides = ", ".join(f"{name} {value:g}" for name, value in station.oxides.items())
    return station.lat, station.lon, oxides


def _coefficients(before: Card | None, after: Card) -> Table:
    old, new = _numbers(before), _numbers(after)
    rows = tuple((name, old.get(name), new.get(name)) for name in {**old, **new})
    return Table(columns=("coefficient", "before", "after"), rows=rows)


def _numbers(card: Card | None) -> dict[str, float]:
    if card is None:
        return {}
    equations = {"FeO": card.equations.iron, "TiO2": card.equations.titanium}
    return {
        f"{oxide} {name}": value
        for oxide, equation in equations.items()
        if equation is not None
        for name, value in equation.model_dump().items()
    }


def _accuracy(before: Card | None, after: Card) -> Table:
    old, new = _scores(before), _scores(after)
    nothing = (None,) * 5
    rows = tuple((*key, *old.get(key, nothing), *new.get(key, nothing)) for key in {**old, **new})
    measured = ("n", "fit RMSE", "fit R2", "LOO RMSE", "LOO R2")
    columns = ("oxide", "model", *(f"{name} {when}" for when in ("before", "after") for name in measured))
    return Table(columns=columns, rows=rows)


def _scores(card: Card | None) -> dict[tuple[str, str], tuple[Cell, ...]]:
    accuracies: Iterable[Accuracy] = card.accuracy if card else ()
    return {
        (each.oxide, each.kind): (
            each.stations,
            *_rounded(each.usual_training),
            *_rounded(each.usual_loocv),
        )
        for each in accuracies
    }


def _rounded(score: Score | None) -> tuple[Cell, Cell]:
    return (round(score.rmse, 3), round(score.r2, 4)) if score else (None, None)


def _flagged(card: Card) -> Iterator[str]:
    """Stations that pull the model towards themselves: it misses them by far when fitted without them."""
    usual = {(each.kind, each.oxide): each.loocv.rmse for each in card.accuracy if each.loocv}
    for each in card.residuals:
        sigma = usual.get((each.kind, each.oxide))
        if each.left_out is None or sigma is None:
            continue
        missed = each.left_out - each.measured
        if abs(missed) > FLAGGED_SIGMA * sigma:
            yield (
                f"look at {each.site}: fitted without it, the {each.kind} of {each.oxide} misses it by "
                f"{missed:+.2f} wt%, {abs(missed) / sigma:.1f} times the usual error"
            )


def _means(card: FindingCard) -> Table:
    wanted = ("pair", "unit", "mean_second", "mean_first", "mean_difference", _CHANCE_OF_MEAN, "rmse")
    rows = tuple(tuple(row.get(name) for name in wanted) for row in _compared(card))
    columns = ("map", "unit", "before", "after", "difference", "chance explains", "RMS difference")
    return Table(columns=columns, rows=rows)


def _beside_chance(card: FindingCard) -> Table:
    """Of every map of networks, whether its mean and its pixels have moved by more than chance explains."""
    columns = (
        "map",
        "mean moved",
        "chance explains",
        "times",
        "beyond chance",
        "pixels moved, RMS",
        "chance explains, RMS",
        "% of pixels beyond chance",
    )
    rows = tuple(_moved(row) for row in _compared(card) if row["unit"] == _MOON and row.get(_CHANCE_OF_MEAN))
    return Table(columns=columns, rows=rows)


def _moved(row: dict[str, Any]) -> tuple[Cell, ...]:
    times = abs(row["mean_difference"]) / row[_CHANCE_OF_MEAN]
    said = "yes" if times > BEYOND else "no"
    pixels = (row["rmse"], row["rms_chance"], row["beyond_chance_per_cent"])
    return row["pair"], row["mean_difference"], row[_CHANCE_OF_MEAN], times, said, *pixels


def _of_chance(card: FindingCard) -> Iterator[str]:
    yield _OF_EQUATIONS
    if any(is_trained(row["pair"]) for row in _compared(card)):
        yield _OF_NETWORKS if _beside_chance(card).rows else _UNKNOWN


def _compared(card: FindingCard) -> Iterator[dict[str, Any]]:
    """The rows of a comparison of two runs."""
    table = card.tables["comparison"]
    return (dict(zip(table.columns, row, strict=True)) for row in table.rows)


def _area(root: Root, compared: Known) -> Table:
    """From the stored histograms of differences, whose bins are fine against what is asked."""
    found = open_dataset(root.place(compared.entry.ref) / "statistics.zarr").isel(unit=0)
    rows = []
    for pair in found["pair"].values:
        each = found.sel(pair=pair)
        if str(each["pair_units"].values) != "percent":
            continue
        beyond = abs(each["difference_value"]) > CHANGED_WT
        share = float(each["difference_share"].where(beyond).sum())
        rows.append((str(pair), 100.0 * share, share * float(each["area"])))
    return Table(columns=("map", "% of the mapped area", "km2"), rows=tuple(rows))


def _steps(root: Root, change: Change) -> Table:
    rows = tuple(
        (each.process, each.old, each.new or "kept", each.shards_computed, _seconds(root, each.new))
        for each in change.steps
    )
    columns = ("process", "before", "now", "shards computed", "vCPU-seconds")
    return Table(columns=columns, rows=rows)


def _seconds(root: Root, name: str) -> Cell:
    found = _found(root, name)
    return round(vcpu_seconds(root, found.entry), 1) if found else None


def _pictures(root: Root, change: Change, compared: Known) -> Iterator[tuple[Picture, ...]]:
    """For each map that moved: before, after, the difference; then how they compare."""
    runs, finding = change.moved["runs"], str(compared.entry.ref)
    for name in (figure.removesuffix(".png") for figure in compared.record.card.figures):
        quantity = name.removeprefix("difference_")
        if quantity == name:
            continue
        yield (
            Picture(f"{quantity}: before", runs.before, f"figures/{quantity}.png"),
            Picture(f"{quantity}: after", runs.after, f"figures/{quantity}.png"),
            Picture(f"{quantity}: after minus before", finding, f"{name}.png"),
        )
    if "comparison.png" in compared.record.card.figures:
        yield (Picture("after against before, by value and by unit", finding, "comparison.png"),)
