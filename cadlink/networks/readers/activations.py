"""The names of activations: one plain text each, with its number where it has one.

What a theorem is about is a name of this list; a reader turns what it meets into one, or refuses.
"""

from __future__ import annotations

import math

from cadlink.errors import InputError

__all__ = ["ACTIVATIONS", "activation_named", "kind_of", "leaky"]

# Those a user may name; a reader may meet others, which are shown by the names torch gives them.
ACTIVATIONS = ("relu", "leaky_relu", "tanh", "sigmoid", "gelu", "silu", "softplus", "none")


def activation_named(text: str) -> str:
    """The activation a user names, in its one spelling.

    Raises InputError for any other text.

    >>> activation_named("leaky_relu:0.2"), activation_named("leaky_relu")
    ('leaky_relu:0.2', 'leaky_relu:0.01')
    """
    name, colon, number = text.partition(":")
    if name == "leaky_relu":
        try:
            return leaky(float(number) if colon else 0.01)
        except ValueError:
            name = ""
    if name not in ACTIVATIONS or colon:
        shown = text if len(text) < 40 else f"{text[:37]}..."
        raise InputError(
            f"activation {shown!r}: expected one of {', '.join(ACTIVATIONS)}"
            " (leaky_relu:SLOPE with its slope)"
        )
    return name


def leaky(slope: float) -> str:
    """Leaky ReLU of this slope; slope 0 is ReLU, slope 1 is no activation.

    Raises ValueError unless the slope is a finite number.

    >>> leaky(0.2), leaky(0), leaky(1.0)
    ('leaky_relu:0.2', 'relu', 'none')
    """
    if not math.isfinite(slope):
        raise ValueError("expected a finite slope")
    return {0.0: "relu", 1.0: "none"}.get(slope, f"leaky_relu:{slope!r}")


def kind_of(name: str) -> str:
    """What theorems call it: "leaky_relu" (of a fixed slope between 0 and 1), "linear", its own
    name, or "" where no theorem is about networks with this activation.

    >>> kind_of("leaky_relu:0.2"), kind_of("none"), kind_of("leaky_relu:-1.0"), kind_of("relu6")
    ('leaky_relu', 'linear', '', '')
    """
    kind, _, slope = name.partition(":")
    if kind == "leaky_relu":
        return kind if 0 < float(slope) < 1 else ""
    if name == "none":
        return "linear"
    return name if name in ACTIVATIONS else ""
