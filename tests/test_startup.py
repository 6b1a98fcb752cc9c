"""What is not imported before it is needed: a start takes a fraction of a second."""

from __future__ import annotations

import subprocess
import sys

import pytest

import cadlink
import cadlink.networks

# What is slow to load, and what only some subcommands need.
HEAVY = {
    "dask",
    "igraph",
    "matplotlib",
    "onnx",
    "pyarrow",
    "scipy.optimize",
    "scipy.sparse.csgraph",
    "sklearn",
    "sympy",
    "torch",
    "cadlink.census",
    "cadlink.deciding.strategies",
    "cadlink.explanations",
    "cadlink.membership",
    "cadlink.networks.kernel",
    "cadlink.networks.readers.models",
    "cadlink.report",
    "cadlink.search",
}
ARRAYS = {"numpy", "scipy", "flint", "cadlink.patterns.pattern"}


@pytest.mark.parametrize(
    ("program", "absent"),
    [
        ("import cadlink, cadlink.networks", HEAVY | ARRAYS),
        ("from cadlink.cli.main import main; main(['--help'])", HEAVY | ARRAYS),
        ("from cadlink.cli.main import main; main(['--version'])", HEAVY | ARRAYS),
        ("from cadlink.cli.main import main; main(['families'])", HEAVY),
        ("from cadlink.cli.main import main; main(['decide', 'lu:2'])", HEAVY),
        ("import cadlink; cadlink.decide(cadlink.Pattern(['11/01', '10/11']))", HEAVY),
    ],
)
def test_a_start_is_light(program: str, absent: set[str]) -> None:
    listed = f"import atexit, sys\natexit.register(lambda: print(*sys.modules))\n{program}"
    done = subprocess.run(
        [sys.executable, "-c", listed], capture_output=True, text=True, timeout=60, check=True
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "cadlink.late" in loaded
    assert loaded & absent == set()


def test_modules_are_found_late() -> None:
    program = "import cadlink; print(cadlink.qe.eliminate.__name__, cadlink.errors.__name__)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["eliminate", "cadlink.errors"]


@pytest.mark.parametrize("package", [cadlink, cadlink.networks])
def test_public_names_are_found_late(package: object) -> None:
    for name in package.__all__:  # type: ignore[attr-defined]
        assert getattr(package, name).__name__ == name
        assert name in dir(package)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = package.nothing  # type: ignore[attr-defined]
