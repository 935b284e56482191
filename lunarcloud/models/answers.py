"""What the networks of a model answer: oxides, and how sure they are, by its student or by all of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lunarcloud.models.package import Model, members, predict
from lunarcloud.quantities import CHANCE

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Answers:
    """A model's networks, ready to be asked.

    Attributes
    ----------
    model : Model
        Whose.
    networks, student : callable
        Each gives the onnxruntime session of a file; that of a student which the model has not is never
        called, nor is that of the networks while the student answers.
    """

    model: Model
    networks: Callable[[], Any]
    student: Callable[[], Any]

    def __call__(self, reflectance: Float32, distance: Float32) -> Float32:
        """Oxides and, of several seeds, their chance, of n spectra.

        Parameters
        ----------
        reflectance : ndarray, float32, shape (n, band)
            Valid spectra, fractions.
        distance : ndarray, float32, shape (n,)
            From the stations (`novelty`).

        Returns
        -------
        ndarray, float32, shape (map, n)
            In the order of `network_maps`, wt%, not limited to what is possible. Beyond the student's reach
            the networks themselves answer.
        """
        if self.model.student is None:
            return self._of_networks(reflectance)
        said: Float32 = predict(self.student(), reflectance).T
        beyond = np.flatnonzero(distance > reach(self.model))
        if beyond.size:
            said[:, beyond] = self._of_networks(reflectance[beyond])
        return said

    def _of_networks(self, reflectance: Float32) -> Float32:
        """Means and, of several seeds, standard deviations: (map, n)."""
        each = members(self.networks(), reflectance, oxides=len(self.model.oxides))
        if len(each) == 1:
            return np.asarray(each[0])
        return np.concatenate([each.mean(axis=0), each.std(axis=0, ddof=1)])


@dataclass(frozen=True, slots=True)
class HalfWidths:
    """What tells the half-widths of a model's intervals.

    Attributes
    ----------
    model : Model
        Whose.
    intervals : callable
        Gives the onnxruntime session of the file.
    """

    model: Model
    intervals: Callable[[], Any]

    def __call__(self, reflectance: Float32, distance: Float32) -> Float32:
        """The half-widths of n spectra, (map, n) in the order of `interval_maps`, in the maps' units.

        NaN beyond what it was taught: nobody can promise an interval there. Parameters as of `Answers`.
        """
        said: Float32 = predict(self.intervals(), reflectance).T
        said[:, distance > reach(self.model)] = np.nan
        return said


def reach(model: Model) -> float:
    """Distance from the stations up to which student and intervals were taught; without them, infinite."""
    return math.inf if model.card.student is None else model.card.student.reach


def network_maps(model: Model) -> tuple[str, ...]:
    """The maps that the networks of a model answer; empty without networks.

    Parameters
    ----------
    model : Model
        As it is mapped with: all seeds, or one.
    """
    if model.onnx is None:
        return ()
    means = tuple(f"{oxide}_cnn" for oxide in model.oxides)
    # One seed alone says nothing of chance.
    return means + (tuple(f"{name}_{CHANCE}" for name in means) if len(model.seeds) > 1 else ())


def interval_maps(model: Model) -> tuple[str, ...]:
    """The maps of half-widths that a model gives; empty without intervals.

    Parameters
    ----------
    model : Model
        As it is mapped with: of one seed there are none.
    """
    record = model.card.student
    return tuple(each.map for each in record.intervals) if record and model.intervals else ()
