"""The examples of scripts/examples/ run as they are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).resolve().parents[1] / "scripts" / "examples").glob("*.py"))
LAST = {
    "decide_and_prove.py": "So the set is not closed. This was to be shown.",
    "digits.py": "64-100-100-10, decay 0.0003: 100.0 % right",
    "prune_and_ask.py": "k = 20: loss ",
    "quantifiers.py": "True",
}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_it_runs(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip().splitlines()[-1].startswith(LAST[path.name])
