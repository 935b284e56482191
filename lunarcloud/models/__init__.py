"""Inversion models: equations and their fit, CNN training, ONNX export, the model card."""

from lunarcloud.models.card import Card
from lunarcloud.models.equations import (
    CLIPPED,
    OUTSIDE_VALIDITY,
    QIU2025,
    EquationMaps,
    Equations,
    equation_maps,
)
from lunarcloud.models.novelty import Novelty, novelty
from lunarcloud.models.package import (
    BATCH,
    CPU,
    Model,
    builtin,
    load_model,
    predict,
    session,
)

__all__ = [
    "BATCH",
    "CLIPPED",
    "CPU",
    "OUTSIDE_VALIDITY",
    "QIU2025",
    "Card",
    "EquationMaps",
    "Equations",
    "Model",
    "Novelty",
    "builtin",
    "equation_maps",
    "load_model",
    "novelty",
    "predict",
    "session",
]
