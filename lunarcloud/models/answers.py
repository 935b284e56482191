"""What the networks of a model answer: oxides, and how sure they are, by its student or by all of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lunarcloud.models.package import Model, predict
from lunarcloud.quantities import CHANCE

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Answers:
    """A model's networks, ready to be asked.

    Attributes
    ----------
    model : Model
        Whose.
    networks, student, intervals : callable
        Each gives the onnxruntime session of a file; those of files that the model has not are never called,
        nor is that of the networks while the student answers.
    """

    model: Model
    networks: Callable[[], Any]
    student: Callable[[], Any]
    intervals: Callable[[], Any]

    @property
    def reach(self) -> float:
        """Distance from the stations up to which student and intervals were taught; or infinite."""
        record = self.model.card.student
        return math.inf if record is None else record.reach

    def __call__(self, reflectance: Float32, distance: Float32) -> Float32:
        """All maps of n spectra.

        Parameters
        ----------
        reflectance : ndarray, float32, shape (n, band)
            Valid spectra, fractions.
        distance : ndarray, float32, shape (n,)
            From the stations (`novelty`).

        Returns
        -------
        ndarray, float32, shape (map, n)
            In the order of `network_maps`, in their units, oxides not limited to what is possible. Beyond the
            reach the networks themselves answer, and half-widths are NaN: nobody can promise them.
        """
        beyond = np.flatnonzero(distance > self.reach)
        if self.model.student is None:
            oxides = self._of_networks(reflectance)
        else:
            oxides = predict(self.student(), reflectance).T
            if beyond.size:
                oxides[:, beyond] = self._of_networks(reflectance[beyond])
        if self.model.intervals is None:
            return oxides
        half_widths = predict(self.intervals(), reflectance).T
        half_widths[:, beyond] = np.nan
        return np.concatenate([oxides, half_widths])

    def _of_networks(self, reflectance: Float32) -> Float32:
        """Means and, of several seeds, standard deviations: (map, n)."""
        shape = len(self.model.seeds), len(self.model.oxides), len(reflectance)
        each: Float32 = predict(self.networks(), reflectance).T.reshape(shape)
        if len(each) == 1:
            return np.asarray(each[0])
        return np.concatenate([each.mean(axis=0), each.std(axis=0, ddof=1)])


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
    record = model.card.student
    # One seed alone says nothing of chance, and what was taught is of all of them.
    chances = tuple(f"{name}_{CHANCE}" for name in means) if len(model.seeds) > 1 else ()
    half_widths = tuple(each.map for each in record.intervals) if record and model.intervals else ()
    return means + chances + half_widths
