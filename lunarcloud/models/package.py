"""The model package of a root: ``model.json`` (the card, written last) and the files beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from lunarcloud.errors import InputError, MissingPackageError, NotFoundError, StoreError
from lunarcloud.models.card import Card
from lunarcloud.models.equations import QIU2025, Equations
from lunarcloud.models.novelty import Novelty
from lunarcloud.storage import Folder, digest, read_card, read_catalog

CARD = "model.json"
NETWORKS = "model.onnx"
STATIONS = "stations.csv"

BUILTIN = {"qiu2025": QIU2025}

CPU = ("CPUExecutionProvider",)
#: Pixels given to the networks at a time: their layers' outputs stay in the core's cache (benchmarks/cnn.py
#: compares batches of 256 to 4096).
BATCH = 1024


@dataclass(frozen=True, slots=True)
class Model:
    """A fitted or published model, ready to map with; picklable.

    Attributes
    ----------
    card : Card
        What is known of it.
    onnx : bytes or None
        The model file of its networks; None for equations alone.
    """

    card: Card
    onnx: bytes | None

    @property
    def id(self) -> str:
        """The model's name under a root."""
        return self.card.id

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
    def novelty(self) -> Novelty | None:
        """The stations' distribution of spectra."""
        return self.card.novelty

    @property
    def digest(self) -> str:
        """SHA-256 of the card, which holds the digests of the files."""
        return digest(self.card.dump())


def builtin(name: str) -> Model:
    """A model shipped with the package: ``qiu2025``, the published equations without networks.

    Raises
    ------
    NotFoundError
        For another name.
    """
    if name not in BUILTIN:
        raise NotFoundError(f"no built-in model {name!r}: there is {', '.join(BUILTIN)}")
    return Model(card=Card(id=name, equations=BUILTIN[name]), onnx=None)


def model_place(root: Folder, model_id: str) -> Folder:
    """Where the package of a model is."""
    return root / f"models/{model_id}"


def find_model(root: Folder, name: str = "latest") -> Model:
    """A published or built-in model.

    Parameters
    ----------
    root : Folder
        The root.
    name : str
        Its id, or an unmistakable beginning of it, or ``latest``, or a built-in one (`builtin`).

    Raises
    ------
    NotFoundError
        If there is none of that name.
    StoreError
        As `load`.
    """
    if name in BUILTIN:
        return builtin(name)
    try:
        entry = read_catalog(root).find("model", name)
    except NotFoundError as error:
        raise NotFoundError(
            f"{error}; `lunarcloud fit` makes one, {', '.join(BUILTIN)} is built in"
        ) from error
    return load(root / entry.path)


def load(place: Folder) -> Model:
    """Read a model package and check it against its card.

    Parameters
    ----------
    place : Folder
        ``<root>/models/<model-id>``.

    Raises
    ------
    NotFoundError
        If no finished model is there.
    StoreError
        If its card cannot be read or a file is not the one the card describes.
    """
    card = model_card(place)
    onnx = place.read(NETWORKS) if card.oxides else None
    if onnx is not None and digest(onnx) != card.digests.get(NETWORKS):
        raise StoreError(
            f"{place.url}/{NETWORKS} is not the file its card describes (digest {digest(onnx)[:12]}, "
            f"expected {card.digests.get(NETWORKS, 'none')[:12]}): fit the model again"
        )
    return Model(card=card, onnx=onnx)


def model_card(place: Folder) -> Card:
    """The card of a model package alone; errors as `load`."""
    if not place.exists(CARD):
        raise NotFoundError(f"{place.url}: no finished model there; `lunarcloud fit` makes one")
    return read_card(place, CARD, Card)


def save(place: Folder, card: Card, files: Mapping[str, bytes]) -> None:
    """Write a model package.

    Parameters
    ----------
    place : Folder
        ``<root>/models/<model-id>``.
    card : Card
        Written last: without a card there is no model to see.
    files : mapping of str to bytes
        What lies beside the card, by name.

    Raises
    ------
    StoreError
        If the storage does not take them; what was written of them is then not seen as a model.
    """
    for name, data in sorted(files.items()):
        place.write(name, data)
    place.write(CARD, card.dump())


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
    """
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
    return onnxruntime.InferenceSession(onnx, options, providers=list(providers))


def predict(
    session: Any, reflectance: npt.NDArray[np.float32], *, batch: int = BATCH
) -> npt.NDArray[np.float32]:
    """Oxides of n spectra.

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
    ndarray, float32, shape (n, oxide)
        wt%, not limited to 0..100; meaningless where a reflectance is missing or 0.

    Raises
    ------
    InputError
        If the number of bands is not the model's.
    """
    n_bands, n_oxides = session.get_inputs()[0].shape[1], session.get_outputs()[0].shape[1]
    if reflectance.ndim != 2 or reflectance.shape[1] != n_bands:
        raise InputError(f"spectra of shape {reflectance.shape} for a model of {n_bands} bands (n, band)")
    # Held by oxide, as maps are: turning a batch that is in the cache costs nothing.
    oxides = np.empty((n_oxides, len(reflectance)), np.float32)
    for start in range(0, len(reflectance), batch):
        block = np.ascontiguousarray(reflectance[start : start + batch], dtype=np.float32)
        oxides[:, start : start + batch] = session.run(None, {"reflectance": block})[0].T
    return oxides.T
