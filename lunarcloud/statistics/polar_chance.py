"""How sure candidates around a pole are: what each network of an ensemble would have found by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from lunarcloud.models import Model
from lunarcloud.moon import FloatArray, IntArray, Shard
from lunarcloud.mosaic import Mosaic
from lunarcloud.statistics import clusters
from lunarcloud.statistics.cells import cell_at
from lunarcloud.statistics.chance import Members
from lunarcloud.statistics.polar import (
    FEO,
    HIGH_FEO,
    MG_NUMBER,
    SIMILAR,
    Candidates,
    Classes,
    Classifier,
    polar_shards,
    sampled,
)
from lunarcloud.statistics.source import Source, Stream, one_by_one

if TYPE_CHECKING:  # slow to import
    import pandas as pd
    import xarray as xr


class Votes(NamedTuple):
    """What the members of an ensemble say of the cells that are looked at.

    Attributes
    ----------
    similar, high_feo : (cell,) arrays
        Share of the members that call a cell so, in the order of `Candidates.at`.
    similar_km2, high_feo_km2 : (member,) arrays
        Area that each finds, km2.
    """

    similar: FloatArray
    high_feo: FloatArray
    similar_km2: FloatArray
    high_feo_km2: FloatArray


@dataclass(frozen=True, slots=True)
class _AskMembers:
    """The task of one shard: the classes of its polar cells by every member, (member, cell)."""

    source: Source
    classifier: Classifier
    members: Members

    def __call__(self, shard: Shard) -> tuple[IntArray, Classes]:
        at, feo, mg, marks = sampled(self.source, shard)
        wanted = self.classifier.rule.takes(at, feo, mg) & ((marks & self.source.excluded) == 0)
        said = self.members(shard, at.row[wanted], at.col[wanted])
        return at.cell[wanted], self.classifier(said[FEO], said[MG_NUMBER])


def ask_members(
    source: Source, found: Candidates, mosaic: Mosaic, model: Model, *, stream: Stream = one_by_one
) -> Votes:
    """Classify every cell around a pole by each network of an ensemble.

    Parameters
    ----------
    source : Source
        The run's maps.
    found : Candidates
        By the maps, which are the ensemble's means: the maria's distribution is theirs.
    mosaic, model : Mosaic, Model
        What was mapped, with what.
    stream : callable
        How the shards are spread over workers.

    Returns
    -------
    Votes
        The same to the bit for any order of shards.
    """
    task = _AskMembers(source, found.classifier, Members.of(mosaic, model))
    shards = polar_shards(source.grid, found.classifier.rule)
    parts = [part for _, part in stream(task, shards)]
    cell = np.concatenate([part[0] for part in parts])
    classes: npt.NDArray[np.uint8] = np.concatenate([part[1] for part in parts], axis=1)
    # Shards come as workers finish; the cells of the candidates ascend.
    classes = classes[:, np.argsort(cell)]
    # High FeO is similar to maria, too.
    similar, high_feo = (classes >= SIMILAR) & (classes <= HIGH_FEO), classes == HIGH_FEO
    areas = clusters.area_km2(found.at.cell)
    # Summed alike, so that members who agree have the same area to the bit.
    km2 = [(each * areas).sum(axis=1) for each in (similar, high_feo)]
    return Votes(similar.mean(axis=0), high_feo.mean(axis=0), *km2)


def with_chance(totals: pd.DataFrame, votes: Votes) -> pd.DataFrame:
    """The table of totals with the deviation of areas over the members, where they have one."""
    chance = {"similar to maria": votes.similar_km2, "high FeO": votes.high_feo_km2}
    told = [float(chance[name].std(ddof=1)) if name in chance else np.nan for name in totals["cells are"]]
    place = list(totals.columns).index("area_km2") + 1
    made = totals.copy()
    made.insert(place, "chance_km2", told)
    return made


def with_probabilities(dataset: xr.Dataset, found: Candidates, votes: Votes) -> xr.Dataset:
    """The candidates' dataset with the probability of each.

    Parameters
    ----------
    dataset : Dataset
        Of the candidates (`polar.to_dataset`).
    found, votes : Candidates, Votes
        What it was made from, and what the members say of the same cells.
    """
    keep = found.classes >= SIMILAR
    what = "share of the ensemble's networks that say so"
    return dataset.assign(
        similar_probability=("candidate", votes.similar[keep], {"units": "1", "long_name": what}),
        high_feo_probability=("candidate", votes.high_feo[keep], {"units": "1", "long_name": what}),
        similar_km2_by_member=("member", votes.similar_km2, {"units": "km2"}),
        high_feo_km2_by_member=("member", votes.high_feo_km2, {"units": "km2"}),
    )


def probability_at(candidates: xr.Dataset, *, lat: FloatArray, lon: FloatArray) -> FloatArray:
    """The probability of high FeO of the candidates that hold positions; NaN where there is none.

    Parameters
    ----------
    candidates : Dataset
        Of `with_probabilities`.
    lat, lon : arrays of one shape
        Degrees, -90..90 and -180..180.
    """
    wanted, cell = cell_at(lat=lat, lon=lon), candidates["cell"].values
    if not cell.size:
        return np.full(wanted.shape, np.nan)
    # The cells of the candidates ascend.
    place = np.minimum(np.searchsorted(cell, wanted), cell.size - 1)
    return np.where(cell[place] == wanted, candidates["high_feo_probability"].values[place], np.nan)
