"""Networks: what sparse supports mean for training a ReLU network.

``pattern_of`` reads the masks of a model, ``decide_network`` answers one of four questions about
it, ``training_set`` makes data on which no weights are best, ``diagnose`` looks at a run.
torch, safetensors, onnx and scikit-learn are needed only for their own models and are imported
when one is read.
"""

from typing import TYPE_CHECKING

from cadlink.late import late

if TYPE_CHECKING:
    from cadlink.networks.data import TrainingSet, training_set
    from cadlink.networks.deciding import decide_network
    from cadlink.networks.diagnosis import Diagnosis, diagnose
    from cadlink.networks.readers.models import model_of, pattern_of
    from cadlink.networks.verdict import NetworkAnswer, NetworkVerdict, Question, training_data
else:
    __getattr__ = late(
        __name__,
        {
            "cadlink.networks.data": ["TrainingSet", "training_set"],
            "cadlink.networks.deciding": ["decide_network"],
            "cadlink.networks.diagnosis": ["Diagnosis", "diagnose"],
            "cadlink.networks.readers.models": ["model_of", "pattern_of"],
            "cadlink.networks.verdict": [
                "NetworkAnswer",
                "NetworkVerdict",
                "Question",
                "training_data",
            ],
        },
    )

__all__ = [
    "Diagnosis",
    "NetworkAnswer",
    "NetworkVerdict",
    "Question",
    "TrainingSet",
    "decide_network",
    "diagnose",
    "model_of",
    "pattern_of",
    "training_data",
    "training_set",
]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
