"""A short seeded part of the fuzzer, and that it would notice something false."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "fuzz.py"


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("fuzz", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fuzz"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules["fuzz"]


def test_nothing_false_passes_and_nothing_crashes(script: ModuleType) -> None:
    counts = script.fuzz("certificates", seed=20, count=150)
    assert counts["tried"] == 150
    assert counts["accepted"] > 0
    assert counts["rejected"] > 0
    assert counts["false"] == counts["crash"] == 0


def test_a_kernel_that_believes_everything_is_noticed(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cadlink.certificates.kernel import Found

    monkeypatch.setattr(script, "check_proof", lambda problem, proof: Found("free"))
    told: list[str] = []
    assert script.fuzz("certificates", seed=20, count=30, told=told.append)["false"] > 0
    assert "--seed 20 --only" in told[0]
