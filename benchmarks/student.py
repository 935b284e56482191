"""How far students are from the ensembles that they answer for, on pixels that they were not taught on.

    python -m benchmarks.student

Two models of 20 networks an oxide are fitted: the demonstration's, whose stations are of its own synthetic
Moon, and the shipped stations beside a mosaic whose abundances are Lunar Prospector's (tests/data). What
stands here is what their cards say: the errors of the student's means and chances against the ensemble, on
the blocks of the mosaic that were held out.
"""

import bz2
import gzip
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks._results import Row, report
from lunarcloud import synthetic
from lunarcloud.engine import Cluster
from lunarcloud.models import Card
from lunarcloud.testing.machine import machine
from lunarcloud.testing.make import make

_PPD = 4
_SEEDS = 20
_CLUSTER = Cluster(workers=2)
_TILES = Path(__file__).parents[1] / "tests" / "data" / "dim_tiles_4ppd.tar.bz2"


def main() -> None:
    print(f"machine: {machine()}")
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        cards = {
            "the demonstration": of_the_demonstration(place),
            "shipped stations, Lunar Prospector's abundances": of_shipped_stations(place),
        }
    _report(cards)


def of_the_demonstration(place: Path) -> Card:
    """The card of its model, by the steps that lead to it."""
    tiles, table = place / "tiles", place / "stations.csv"
    synthetic.write_tiles(tiles, ppd=_PPD, defects=synthetic.DEFECTS)
    synthetic.station_table().to_csv(table, index=False)
    return _fitted(place / "demo", str(tiles), stations=str(table), reflectance="mosaic")


def of_shipped_stations(place: Path) -> Card:
    """The card of a model of the shipped stations."""
    tiles = place / "dim_tiles_4ppd.tar.gz"
    with bz2.open(_TILES) as stored, gzip.open(tiles, "wb", compresslevel=1) as archive:
        shutil.copyfileobj(stored, archive)
    return _fitted(place / "shipped", str(tiles), stations="main")


def _fitted(root: Path, tiles: str, **inputs: str) -> Card:
    make("ingest", root, _CLUSTER, tiles=(tiles,), ppd=_PPD)
    card = make("fit", root, _CLUSTER, seeds=_SEEDS, **inputs).record.card
    assert isinstance(card, Card)
    return card


def _report(cards: Mapping[str, Card]) -> None:
    rows = [row for mosaic, card in cards.items() for row in _rows(mosaic, card)]
    said = [
        f"{mosaic}: taught on {card.student.spectra:,} spectra, asked of {card.student.held_out:,}, "
        f"{'answers' if card.student.faithful else 'is not used'}"
        for mosaic, card in cards.items()
        if card.student
    ]
    note = f"{_SEEDS} networks an oxide. {'; '.join(said)}."
    report("students against ensembles", rows, of=__file__, packages=("jax", "optax"), note=note)


def _rows(mosaic: str, card: Card) -> Iterator[Row]:
    for each in card.student.errors if card.student else ():
        yield {
            "mosaic": mosaic,
            "oxide": each.oxide,
            "rms, wt%": f"{each.rms:.4f}",
            "99.9 %, wt%": f"{each.of_999:.4f}",
            "largest, wt%": f"{each.largest:.3f}",
            "chance of a pixel, wt%": f"{each.chance:.3f}",
            "% of pixels within a fifth of it": f"{100 * each.within_a_fifth:.2f}",
            "error of the chance, rms, %": f"{100 * each.chance_error:.1f}",
        }


if __name__ == "__main__":
    main()
