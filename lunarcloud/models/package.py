"""A model ready to map with: its card and its networks, from the model's folder."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from lunarcloud.errors import ComputeError, InputError, MissingPackageError, NotFoundError, StoreError
from lunarcloud.models.admission import INPUT, require_runnable
from lunarcloud.models.card import Card
from lunarcloud.models.equations import QIU2025, Equations
from lunarcloud.models.novelty import Novelty
from lunarcloud.storage import Folder, digest

#: The networks of all seeds, and what was taught to stand for them and for the intervals about them.
NETWORKS, STUDENT, INTERVALS = "model.onnx", "student.onnx", "intervals.onnx"

BUILTIN = {"qiu2025": QIU2025}

CPU = ("CPUExecutionProvider",)
#: Pixels given to the networks at a time: their layers' outputs stay in the core's cache (benchmarks/cnn.py
#: compares batches of 256 to 4096).
BATCH = 1024
# Spectra that every model must answer: so many, from dark maria to bright craters at the first band.
_PROBES, _PROBED = 16, (0.03, 0.3)


@dataclass(frozen=True, slots=True)
class Model:
    """A model, ready to map with; picklable.

    Attributes
    ----------
    id : str
        What it is called.
    card : Card
        What is known of it.
    onnx : bytes or None
        Its networks, if it has any.
    student : bytes or None
        What answers for them, where it may.
    intervals : bytes or None
        What tells how far to trust them.
    """

    id: str
    card: Card
    onnx: bytes | None
    student: bytes | None = None
    intervals: bytes | None = None

    @property
    def equations(self) -> Equations:
        """Of FeO and TiO2, and the origin of OMAT."""
        return self.card.equations

    @property
    def wavelengths_nm(self) -> tuple[float, ...]:
        """Band centres that the mosaic must have, in this order."""
        return self.card.equations.wavelengths_nm

    @property
    def oxides(self) -> tuple[str, ...]:
        """Outputs of the networks in their order; empty without networks."""
        return self.card.oxides

    @property
    def seeds(self) -> tuple[int, ...]:
        """Of the networks; of a model that knows nothing of its training, one."""
        return self.card.training.seeds if self.card.training else (0,)

    @property
    def exact(self) -> Self:
        """The model without its student: every pixel is answered by all networks."""
        return replace(self, student=None)

    def of_seed(self, seed: int) -> Self:
        """The model with the networks of one seed alone, of whose chance nothing is known.

        Raises
        ------
        InputError
            If it has no networks of that seed, or its file is none that `require_runnable` lets through.
        """
        if self.onnx is None or seed not in self.seeds:
            there = f"it has {', '.join(map(str, self.seeds))}" if self.onnx else "it has no networks"
            raise InputError(f"model {self.id} has no networks of seed {seed}: {there}")
        # The file may be anybody's, and is about to be taken apart.
        require_runnable(self.onnx)
        # Loads onnx, which most models do not need.
        from lunarcloud.models.graph import of_seed

        one = of_seed(self.onnx, self.seeds.index(seed)) if len(self.seeds) > 1 else self.onnx
        training = self.card.training and self.card.training.model_copy(update={"seeds": (seed,)})
        card = self.card.model_copy(update={"training": training, "student": None})
        return replace(self, card=card, onnx=one, student=None, intervals=None)

    @property
    def novelty(self) -> Novelty | None:
        """The stations' distribution of spectra."""
        return self.card.novelty


def builtin(name: str) -> Model:
    """A model shipped with the package: ``qiu2025``, the published equations without networks.

    Raises
    ------
    NotFoundError
        For another name.
    """
    if name not in BUILTIN:
        raise NotFoundError(f"no built-in model {name!r}: there is {', '.join(BUILTIN)}")
    return Model(id=name, card=Card(equations=BUILTIN[name]), onnx=None)


def load_model(place: Folder, model_id: str, card: Card) -> Model:
    """A fitted model, its networks checked against its card.

    Parameters
    ----------
    place : Folder
        The model's folder.
    model_id : str
        What it is called.
    card : Card
        What is known of it.

    Raises
    ------
    NotFoundError
        If the networks are not there.
    StoreError
        If they are not those that the card describes.
    """
    held = {
        name: _checked(place, model_id, name, card)
        for name in (NETWORKS, STUDENT, INTERVALS)
        if _has(card, name)
    }
    student = held.get(STUDENT) if card.student and card.student.faithful else None
    return Model(model_id, card, held.get(NETWORKS), student, held.get(INTERVALS))


def _has(card: Card, name: str) -> bool:
    # Networks that a card lists no digest of are looked for, and refused.
    return name in card.digests or (name == NETWORKS and bool(card.oxides))


def _checked(place: Folder, model_id: str, name: str, card: Card) -> bytes:
    data, expected = place.read(name), card.digests.get(name, "none")
    if digest(data) != expected:
        raise StoreError(
            f"{place.url}/{name} is not the file its card describes (digest {digest(data)[:12]}, "
            f"expected {expected[:12]}): repair model {model_id}"
        )
    return data


def model_digest(card: Card) -> str:
    """Digest of what decides the maps of a model: its equations, networks and stations' spectra."""
    content = card.model_dump_json(include={"equations", "oxides", "novelty", "student", "digests"})
    return digest(content.encode())


def session(onnx: bytes, *, threads: int = 1, providers: Sequence[str] = CPU) -> Any:
    """An onnxruntime session of a model file; share one among the threads of a process.

    Parameters
    ----------
    onnx : bytes
        `Model.onnx`.
    threads : int
        Threads of one call. One, because each worker thread maps its own shard.
    providers : sequence of str
        onnxruntime's execution providers in order of preference.

    Returns
    -------
    onnxruntime.InferenceSession
        Not picklable: a worker process builds its own.

    Raises
    ------
    MissingPackageError
        If a provider is not in the installed onnxruntime.
    InputError
        If the file is none that `require_runnable` lets through, onnxruntime cannot run it, or it does not
        answer spectra of the Moon with numbers.
    """
    require_runnable(onnx)
    # Slow to import, and a command that finds everything done does not need it.
    import onnxruntime

    absent = set(providers) - set(onnxruntime.get_available_providers())
    if absent:
        raise MissingPackageError(
            f"onnxruntime has no {', '.join(sorted(absent))} here "
            f"(it has {', '.join(onnxruntime.get_available_providers())}): install onnxruntime-gpu for CUDA"
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # A waiting thread must sleep: its core belongs to the other worker threads.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        made = onnxruntime.InferenceSession(onnx, options, providers=list(providers))
    # onnxruntime's errors have no base of their own.
    except Exception as error:
        raise InputError(f"onnxruntime does not take this model file ({error})") from error
    _require_numbers(made)
    return made


def _require_numbers(session: Any) -> None:
    """Refuse networks that answer spectra as the Moon has them with NaN or infinity."""
    brightness = np.linspace(*_PROBED, _PROBES)[:, None]
    # Redder to the infrared, as all soils are.
    reddening = 1.0 + 0.1 * np.arange(session.get_inputs()[0].shape[1])
    try:
        oxides = predict(session, (brightness * reddening).astype(np.float32))
    except ComputeError as error:
        raise InputError(f"this model file cannot be run ({error})") from error
    wrong = np.flatnonzero(~np.isfinite(oxides).all(axis=1))
    if wrong.size:
        raise InputError(
            f"this model file answers {wrong.size} of {_PROBES} plausible spectra with {oxides[wrong[0]]}: "
            "its weights are damaged, or it was trained to nothing"
        )


def predict(
    session: Any, reflectance: npt.NDArray[np.float32], *, batch: int = BATCH
) -> npt.NDArray[np.float32]:
    """What a model file says of n spectra.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
        From `session`.
    reflectance : ndarray, float32, shape (n, band)
        Any memory order: a transposed view of (band, n) is read as fast.
    batch : int
        Pixels a call of the networks; the result does not depend on it.

    Returns
    -------
    ndarray, float32, shape (n, column)
        wt%, not limited to 0..100; meaningless where a reflectance is missing or 0. The columns are the
        file's: all oxides of one seed after the other, or what a student was taught.

    Raises
    ------
    InputError
        If the number of bands is not the model's.
    ComputeError
        If onnxruntime fails.
    """
    n_bands, n_oxides = session.get_inputs()[0].shape[1], session.get_outputs()[0].shape[1]
    if reflectance.ndim != 2 or reflectance.shape[1] != n_bands:
        raise InputError(f"spectra of shape {reflectance.shape} for a model of {n_bands} bands (n, band)")
    # Held by oxide, as maps are: turning a batch that is in the cache costs nothing.
    oxides = np.empty((n_oxides, len(reflectance)), np.float32)
    for start in range(0, len(reflectance), batch):
        block = np.ascontiguousarray(reflectance[start : start + batch], dtype=np.float32)
        oxides[:, start : start + batch] = _run(session, block).T
    return oxides.T


def members(session: Any, reflectance: npt.NDArray[np.float32], *, oxides: int) -> npt.NDArray[np.float32]:
    """What the networks of each seed say of n spectra, as `predict` but for the shape.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
        Of a file of all seeds.
    reflectance : ndarray, float32, shape (n, band)
        As of `predict`.
    oxides : int
        How many each seed has.

    Returns
    -------
    ndarray, float32, shape (seed, oxide, n)
        wt%.
    """
    said = predict(session, reflectance).T
    return said.reshape(len(said) // oxides, oxides, len(reflectance))


def _run(session: Any, block: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    try:
        found: npt.NDArray[np.float32] = session.run(None, {INPUT: block})[0]
    # onnxruntime's errors have no base of their own.
    except Exception as error:
        raise ComputeError(f"onnxruntime failed with the networks of this model ({error})") from error
    return found
