"""Inversion models: equations and their fit, CNN training, ONNX export, the model card."""

from typing import TYPE_CHECKING

from lunarcloud.lazy import lazily

if TYPE_CHECKING:
    from lunarcloud.models.accuracy import paper_scores
    from lunarcloud.models.answers import Answers, HalfWidths, interval_maps, network_maps, reach
    from lunarcloud.models.card import Accuracy, Card, MissionInfluence, Residual, Score
    from lunarcloud.models.equations import (
        CLIPPED,
        OUTSIDE_VALIDITY,
        QIU2025,
        EquationMaps,
        Equations,
        Flags,
        IronEquation,
        TitaniumEquation,
        equation_maps,
    )
    from lunarcloud.models.fitting import Fitting, fit_model
    from lunarcloud.models.gather import Gathered, sampled_reflectance
    from lunarcloud.models.gather import gather as gather_samples
    from lunarcloud.models.novelty import Novelty
    from lunarcloud.models.novelty import novelty as novelty_of
    from lunarcloud.models.package import (
        BATCH,
        BUILTIN,
        CPU,
        NETWORKS,
        Model,
        builtin,
        load_model,
        members,
        model_digest,
        predict,
        session,
    )
    from lunarcloud.models.report import accuracy_rows, agreement_rows, r2_in_words, remarks

__all__ = [
    "BATCH",
    "BUILTIN",
    "CLIPPED",
    "CPU",
    "NETWORKS",
    "OUTSIDE_VALIDITY",
    "QIU2025",
    "Accuracy",
    "Answers",
    "Card",
    "EquationMaps",
    "Equations",
    "Fitting",
    "Flags",
    "Gathered",
    "HalfWidths",
    "IronEquation",
    "MissionInfluence",
    "Model",
    "Novelty",
    "Residual",
    "Score",
    "TitaniumEquation",
    "accuracy_rows",
    "agreement_rows",
    "builtin",
    "equation_maps",
    "fit_model",
    "gather_samples",
    "interval_maps",
    "load_model",
    "members",
    "model_digest",
    "network_maps",
    "novelty_of",
    "paper_scores",
    "predict",
    "r2_in_words",
    "reach",
    "remarks",
    "sampled_reflectance",
    "session",
]

__getattr__ = lazily(
    __name__,
    {
        "accuracy": ("paper_scores",),
        "answers": (
            "Answers",
            "HalfWidths",
            "interval_maps",
            "network_maps",
            "reach",
        ),
        "card": (
            "Accuracy",
            "Card",
            "MissionInfluence",
            "Residual",
            "Score",
        ),
        "equations": (
            "CLIPPED",
            "OUTSIDE_VALIDITY",
            "QIU2025",
            "EquationMaps",
            "Equations",
            "Flags",
            "IronEquation",
            "TitaniumEquation",
            "equation_maps",
        ),
        "fitting": (
            "Fitting",
            "fit_model",
        ),
        "gather": (
            "Gathered",
            "gather as gather_samples",
            "sampled_reflectance",
        ),
        "novelty": (
            "Novelty",
            "novelty as novelty_of",
        ),
        "package": (
            "BATCH",
            "BUILTIN",
            "CPU",
            "NETWORKS",
            "Model",
            "builtin",
            "load_model",
            "members",
            "model_digest",
            "predict",
            "session",
        ),
        "report": (
            "accuracy_rows",
            "agreement_rows",
            "r2_in_words",
            "remarks",
        ),
    },
)
