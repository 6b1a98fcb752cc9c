"""Parts of real shapes out of large checkpoints: seconds and peak memory of reading and deciding.

    python scripts/bench_models.py [--limit SECONDS] [--record]

AlexNet and VGG-16: state dicts with their convolutions, and the classifier (9216-4096-4096-1000 and
25088-4096-4096-1000) pruned by size to 10 %.  OPT-125m: one with the shapes of all its layers, in
float16, one feed-forward block of which (768-3072-768) is pruned by size to two weights of four.
The numbers are random, the shapes and names the models' own.  Each row is a new process of its own,
with the import of torch; nothing is cached.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import results

# torch is imported by the process that makes the files: what this one holds counts for others.
READ = (
    "import sys; from cadlink.networks.readers.models import model_of;"
    " print(model_of(sys.argv[1], layers=sys.argv[2].split(',')).pattern.nnz)"
)
BLOCK = "model.decoder.layers.0"


def main() -> int:
    """Make the files, read and decide, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for a decision (60)")
    parser.add_argument("--record", action="store_true", help="write scripts/RESULTS.md")
    args = parser.parse_args()
    limit = str(args.limit)
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, make, layers in (
            ("AlexNet", alexnet, "classifier.1,classifier.4,classifier.6"),
            ("VGG-16", vgg16, "classifier.0,classifier.3,classifier.6"),
            ("OPT-125m", opt, f"{BLOCK}.fc1,{BLOCK}.fc2"),
        ):
            process = get_context("spawn").Process(target=write, args=(make, Path(folder)))
            process.start()
            process.join()
            for path in sorted(Path(folder).iterdir()):
                decide = [sys.executable, "-m", "cadlink"]
                given = [str(path), "--layers", layers, "--json", "--limit", limit]
                for what, command in (
                    ("read", [sys.executable, "-c", READ, str(path), layers]),
                    ("network", [*decide, "network", *given]),
                    ("decide", [*decide, "decide", *given]),
                ):
                    seconds, busy, memory, said = measured(command)
                    size = path.stat().st_size / 2**20
                    figures = [f"{seconds:.1f}", f"{busy:.1f}", f"{memory:.0f} MiB", said]
                    rows.append([name, path.suffix, f"{size:.0f} MiB", what, *figures])
                    print(" | ".join(rows[-1]), flush=True)
                path.unlink()
    heads = ["model", "file", "size", "what", "s", "processor s", "peak memory", "said"]
    if args.record:
        results.write("Parts of large checkpoints", results.table(heads, rows))
    return 0


def alexnet() -> dict[str, Any]:
    """AlexNet's state dict."""
    shapes = [
        (0, 64, 3, 11),
        (3, 192, 64, 5),
        (6, 384, 192, 3),
        (8, 256, 384, 3),
        (10, 256, 256, 3),
    ]
    return convolutional(shapes, [(1, 4096, 9216), (4, 4096, 4096), (6, 1000, 4096)])


def vgg16() -> dict[str, Any]:
    """VGG-16's state dict."""
    channels = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    numbers = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]
    pairs = zip(numbers, channels[1:], channels[:-1], strict=True)
    shapes = [(number, outputs, inputs, 3) for number, outputs, inputs in pairs]
    return convolutional(shapes, [(0, 4096, 25088), (3, 4096, 4096), (6, 1000, 4096)])


def convolutional(
    features: Sequence[tuple[int, int, int, int]], classifier: Sequence[tuple[int, int, int]]
) -> dict[str, Any]:
    """Convolutions (number, outputs, inputs, size of the kernel), and the pruned classifier
    (number, outputs, inputs)."""
    import torch

    torch.manual_seed(0)
    state: dict[str, Any] = {}
    for number, outputs, inputs, size in features:
        state[f"features.{number}.weight"] = torch.randn(outputs, inputs, size, size)
        state[f"features.{number}.bias"] = torch.zeros(outputs)
    for number, outputs, inputs in classifier:
        weight = torch.randn(outputs, inputs)
        sample = weight.flatten()[:: weight.numel() // 10**6].abs()
        weight[weight.abs() < sample.quantile(0.9)] = 0
        state[f"classifier.{number}.weight"] = weight
        state[f"classifier.{number}.bias"] = torch.zeros(outputs)
    return state


def opt() -> dict[str, Any]:
    """OPT-125m's state dict."""
    import torch

    torch.manual_seed(0)
    state = {
        "model.decoder.embed_tokens.weight": torch.randn(50272, 768) * 0.02,
        "model.decoder.embed_positions.weight": torch.randn(2050, 768) * 0.02,
    }
    for number in range(12):
        layer = f"model.decoder.layers.{number}"
        linear = {f"self_attn.{name}_proj": (768, 768) for name in ("q", "k", "v", "out")}
        linear |= {"fc1": (3072, 768), "fc2": (768, 3072)}
        for name, shape in linear.items():
            state[f"{layer}.{name}.weight"] = torch.randn(shape) * 0.02
            state[f"{layer}.{name}.bias"] = torch.zeros(shape[0])
        for name in ("self_attn_layer_norm", "final_layer_norm"):
            state[f"{layer}.{name}.weight"] = torch.ones(768)
            state[f"{layer}.{name}.bias"] = torch.zeros(768)
    for name in ("fc1", "fc2"):
        groups = state[f"{BLOCK}.{name}.weight"].view(-1, 4)
        smallest = groups.abs().topk(2, dim=1, largest=False).indices
        groups.scatter_(1, smallest, 0)
    return {name: tensor.half() for name, tensor in state.items()}


def write(make: Callable[[], dict[str, Any]], folder: Path) -> None:
    """The state dict in two containers."""
    import torch
    from safetensors.torch import save_file

    state = make()
    torch.save(state, folder / "model.pt")
    save_file(state, folder / "model.safetensors")


def measured(command: list[str]) -> tuple[float, float, float, str]:
    """Seconds, seconds of the processor, peak memory in MiB, and the answer of a command."""
    begin = time.perf_counter()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - begin
        out.seek(0)
        text = out.read().decode()
    said = f"status {process.returncode}"
    if text.startswith("{"):
        found = json.loads(text)
        said = found.get("answer") or found["verdict"]
        said += f": {found.get('theorem') or found.get('method') or found.get('reason', '')}"
    elif text.strip().isdigit():
        said = f"{int(text):,} edges"
    busy = usage.ru_utime + usage.ru_stime
    return seconds, busy, usage.ru_maxrss / 1024, said[:60]


if __name__ == "__main__":
    sys.exit(main())
