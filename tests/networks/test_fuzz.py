"""A short run of ``scripts/fuzz_witnesses.py``, and that its judge would notice."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

from witnesses import proved

from cadlink.networks.witness_file import document_of

SCRIPT = Path(__file__).parents[2] / "scripts" / "fuzz_witnesses.py"


def fuzzer() -> Any:
    spec = importlib.util.spec_from_file_location("fuzz_witnesses", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


def test_mutated_witnesses() -> None:
    originals = [document_of(statement, witness) for statement, witness in proved()]
    tally = fuzzer().run(originals, 600, seed=11)
    assert tally.trouble == []
    assert tally.counts["refused"] > 300
    assert tally.counts["accepted, the same"] > 20  # what changed did not matter


def test_the_judge_notices_false_answers() -> None:
    module = fuzzer()
    tally = module.Tally()
    statement, witness = proved()[0]
    document = document_of(statement, witness)
    module.judge(document, document, tally)
    assert tally.trouble == []
    module.judge({**document, "answer": "optimum_guaranteed"}, document, tally)
    assert len(tally.trouble) == 3
