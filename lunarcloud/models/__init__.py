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
    BUILTIN,
    CPU,
    NETWORKS,
    Model,
    builtin,
    load_model,
    model_digest,
    predict,
    session,
)

__all__ = [
    "BATCH",
    "BUILTIN",
    "CLIPPED",
    "CPU",
    "NETWORKS",
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
    "model_digest",
    "novelty",
    "predict",
    "session",
]
