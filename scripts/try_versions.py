"""The oldest and the newest torch and onnx that setup.cfg allows, each in a throw-away environment.

    python scripts/try_versions.py [--only onnx] [--torch VERSION] [--index URL]

In each environment cadlink reads a model of its own kind, refuses a file that is a trap, and says
what versions it met.  Plain ``pip install torch`` takes a build for graphics cards of some
gigabytes: name an index of CPU builds with --index, or a version that pip finds on this disk with
--torch.
"""

from __future__ import annotations

import argparse
import configparser
import os
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
CHECKS = {
    "onnx": """
import pathlib, numpy, onnx
from onnx import helper, numpy_helper
from cadlink.networks.readers.models import pattern_of
folder = pathlib.Path.cwd()
weight = numpy.array([[1, 0], [2, 3]], numpy.float32)
nodes = [helper.make_node("Gemm", ["x", "w"], ["y"], transB=1)]
values = [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [None, 2]) for n in "xy"]
held = [numpy_helper.from_array(weight, "w")]
graph = helper.make_graph(nodes, "g", values[:1], values[1:], held)
model = helper.make_model(graph)
onnx.save(model, "m.onnx")
assert pattern_of("m.onnx").inline() == "10/11"
(folder / "in").mkdir()
onnx.save(model, "in/m.onnx", save_as_external_data=True, location="w.bin", size_threshold=0)
assert pattern_of("in/m.onnx").inline() == "10/11"
model = onnx.load("in/m.onnx", load_external_data=False)
(folder / "in" / "w.bin").rename(folder / "secret.bin")
for place in ("../secret.bin", "x/../../secret.bin", str(folder / "secret.bin")):
    for entry in model.graph.initializer[0].external_data:
        entry.value = place if entry.key == "location" else entry.value
    pathlib.Path("in/m.onnx").write_bytes(model.SerializeToString())
    try:
        pattern_of("in/m.onnx")
    except ValueError as error:
        assert "model's folder" in str(error), error
    else:
        raise AssertionError(place)
print("onnx", onnx.__version__, "numpy", numpy.__version__)
""",
    "torch": """
import pathlib, numpy, torch
from torch import nn
from cadlink.networks.readers.models import model_of, pattern_of
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.b, self.a = nn.Linear(3, 1), nn.Linear(2, 3)
    def forward(self, x):
        return self.b(torch.relu(self.a(x.flatten(1))))
net = Net()
assert model_of(net).activation == "relu" and pattern_of(net).widths == (2, 3, 1)
torch.save({"state_dict": net.state_dict(), "epoch": 1}, "m.pt")
assert pattern_of("m.pt", layers=["a", "b"]) == pattern_of(net)
class Trap:
    def __reduce__(self):
        return (pathlib.Path.touch, (pathlib.Path("victim"),))
torch.save({"weight": Trap()}, "trap.pt")
torch.save(net, "whole.pt")
for path in ("trap.pt", "whole.pt"):
    try:
        pattern_of(path)
    except ValueError as error:
        assert "no code of a file is run" in str(error), error
    else:
        raise AssertionError(path)
assert not pathlib.Path("victim").exists()
print("torch", torch.__version__, "numpy", numpy.__version__)
""",
}


def main() -> int:
    """Try each version; the status is the number of those that failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=tuple(CHECKS), help="this package alone")
    parser.add_argument("--torch", help="this version of torch instead of oldest and newest")
    parser.add_argument("--index", help="where pip looks for torch")
    args = parser.parse_args()
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    needed = _listed(config["options"]["install_requires"])
    failed = 0
    for package, check in CHECKS.items():
        if args.only not in (None, package):
            continue
        for wanted in _versions(package, config, args.torch if package == "torch" else None):
            index = ["--index-url", args.index] if args.index and package == "torch" else []
            failed += _try(wanted, [*needed, "numpy"], index, check)
    return failed


def _versions(package: str, config: configparser.ConfigParser, one: str | None) -> list[str]:
    """What to ask pip for: the lower bound of setup.cfg, and anything it allows."""
    if one is not None:
        return [f"{package}=={one}"]
    (allowed,) = _listed(config["options.extras_require"][package])
    oldest = re.search(r">=([\d.]+)", allowed)
    assert oldest is not None, allowed
    return [f"{package}=={oldest[1]}.*", allowed]


def _listed(text: str) -> list[str]:
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line.replace(" ", "") for line in lines if line]


def _try(wanted: str, needed: list[str], index: list[str], check: str) -> bool:
    """Whether it fails in a new environment."""
    print(f"{wanted}: ", end="", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        venv.create(Path(folder, "env"), with_pip=True)
        python = str(Path(folder, "env", "bin", "python"))
        install = [python, "-m", "pip", "install", "-q"]
        place = Path(folder, "place")
        place.mkdir()
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "CADLINK_CACHE": "off"}
        for command in ([*install, *needed], [*install, *index, wanted], [python, "-c", check]):
            done = subprocess.run(
                command, cwd=place, env=environment, capture_output=True, text=True, check=False
            )
            if done.returncode:
                print("FAILED\n" + done.stdout[-2000:] + done.stderr[-2000:])
                return True
    print(done.stdout.strip().splitlines()[-1])
    return False


if __name__ == "__main__":
    sys.exit(main())
