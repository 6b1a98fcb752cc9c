"""How a model is to be read, where its file cannot say: options of several subcommands."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cadlink.networks.readers.layers import Model

__all__ = ["add_model", "model_from", "model_options_given"]

SOURCE = (
    "a model (.pt, .pth, .bin, .ckpt, .safetensors or .npz with a state dict, .onnx) or a pattern:"
    " a file (.json, .npz, .npy, .txt), '-', a family such as lu:3, or text such as '11/01;10/11'"
)


def add_model(
    parser: argparse.ArgumentParser, masks: tuple[str, ...] = ("--masks", "--mask-file")
) -> None:
    """The positional SOURCE, and the options that say how it is read.

    ``masks`` are the names of the option with the file of masks.
    """
    parser.add_argument("source", metavar="SOURCE", help=SOURCE)
    group = parser.add_argument_group("reading a model")
    group.add_argument(
        "--layers",
        metavar="A,B,C",
        help="the layers of the network in forward order, by their names in the file",
    )
    group.add_argument(
        "--activation",
        metavar="NAME",
        help="what is between the layers where the file does not say: relu (assumed), none,"
        " leaky_relu:SLOPE, tanh, sigmoid, gelu, silu, softplus",
    )
    group.add_argument(
        "--transpose", action="store_true", help="the file's weights are stored inputs x outputs"
    )
    group.add_argument("--key", metavar="NAME", help="which state dict of the file, as ema.model")
    group.add_argument(
        *masks,
        dest="mask_file",
        type=Path,
        metavar="FILE",
        help="masks by the names of the layers (.pt, .safetensors, .npz), or a pattern file",
    )


def model_options_given(args: argparse.Namespace) -> bool:
    """Whether any of the options is there, so that SOURCE is meant to be a model."""
    given = (args.layers, args.activation, args.key, args.mask_file)
    return args.transpose or any(option is not None for option in given)


def model_from(args: argparse.Namespace) -> Model:
    """The model that the arguments of :func:`add_model` name.  Raises InputError."""
    from cadlink.networks.readers.models import (  # late: a pattern needs no reader
        masks_of,
        model_of,
    )

    return model_of(
        args.source,
        None if args.mask_file is None else masks_of(args.mask_file),
        None if args.layers is None else [name.strip() for name in args.layers.split(",")],
        args.activation,
        args.transpose,
        args.key,
    )
