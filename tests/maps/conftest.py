"""A model with real networks, and spectra with every kind of defect."""

import numpy as np
import pytest

from lunarcloud.maps.kernel import Kernel, Networks, Scaling
from lunarcloud.models import QIU2025, Novelty, predict, session
from lunarcloud.models.graph import product_graph
from lunarcloud.storage import folder
from lunarcloud.testing.small_root import (
    MISSING,
    OXIDES,
    SCALING,
    defective_spectra,
    untrained_networks,
    write_model,
)


@pytest.fixture(scope="session")
def stations(tmp_path_factory: pytest.TempPathFactory) -> Novelty:
    """The novelty of a model's stations."""
    found = write_model(folder(tmp_path_factory.mktemp("model"))).card.novelty
    assert found
    return found


@pytest.fixture(scope="session")
def kernel(stations: Novelty) -> Kernel:
    """All maps: equations, networks, novelty."""
    onnx = session(product_graph(untrained_networks(), {}))
    return Kernel(
        Scaling(SCALING, 0.0, MISSING),
        QIU2025,
        networks=Networks(
            tuple(f"{oxide}_cnn" for oxide in OXIDES), lambda spectra, _: predict(onnx, spectra).T
        ),
        stations=stations,
    )


@pytest.fixture(scope="session")
def dn() -> np.ndarray:
    """More pixels than one block of the kernel, with defects, and all missing in one corner."""
    found = defective_spectra((150, 131), [7])
    found[:, :10, :10] = MISSING
    return found
