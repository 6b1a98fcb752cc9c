"""Questions with known answers, and the saved transcripts of the real programs asked them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from cadlink.backends.base import Output
from cadlink.backends.grammar import parse
from cadlink.backends.redlog import DIALECT
from cadlink.logic.formula import Formula, conj, exists, forall

TRANSCRIPTS = Path(__file__).parent / "transcripts"


def formula(text: str) -> Formula:
    """A quantifier-free formula such as ``x**2 - 2 = 0 and (y > 0 or y < 0)``."""
    words = re.findall(r"[a-z]\w*", text)
    names = {word: word for word in words if word not in ("and", "or", "not", "true", "false")}
    return parse(text, 0, len(text), DIALECT, names)


THREE_CELLS = "x0*y0 - a_0_0 = 0 and x0*y1 - a_0_1 = 0 and x1*y0 - a_1_0 = 0"
RANK_ONE = THREE_CELLS + " and x1*y1 - a_1_1 = 0"
LU2 = "x0*y0 - a_0_0 = 0 and x0*y1 - a_0_1 = 0 and x1*y0 - a_1_0 = 0 and x1*y1 + z*w - a_1_1 = 0"
NEAR_P = """e <= 0 or x0*y0 - e < 0 and x0*y0 + e > 0 and x0*y1 - e - 1 < 0 and x0*y1 + e - 1 > 0
    and x1*y0 - e - 1 < 0 and x1*y0 + e - 1 > 0 and x1*y1 + z*w - e < 0 and x1*y1 + z*w + e > 0"""
XY = ["x0", "x1", "y0", "y1"]


def _lu2_at(a: int, b: int, c: int, d: int) -> Formula:
    text = LU2
    for name, value in {"a_0_0": a, "a_0_1": b, "a_1_0": c, "a_1_1": d}.items():
        text = text.replace(f" - {name}", f" - {value}" if value else "")
    return exists([*XY, "z", "w"], formula(text))


def _sentence(image: str) -> Formula:
    """Some A is no product, yet within every e > 0 (maximum norm) of one."""
    outside = formula(f"not({image})")
    near = re.sub(r"(x\d\*y\d) - (a_\d_\d) = 0", r"\1 - \2 - e < 0 and \1 - \2 + e > 0", image)
    inside = re.sub(r"\b([xy])(\d)\b", r"\g<1>b\2", near)
    bound = [f"{name[0]}b{name[1]}" for name in XY]
    close = forall(["e"], exists(bound, formula(f"e <= 0 or {inside}")))
    free = sorted(set(re.findall(r"a_\d_\d", image)))
    return exists(free, conj(forall(XY, outside), close))


QUESTIONS: Mapping[str, Formula] = {
    "image_three_cells": exists(XY, formula(THREE_CELLS)),
    "image_rank_one": exists(XY, formula(RANK_ONE)),
    "image_lu2": exists([*XY, "z", "w"], formula(LU2)),
    "member_lu2_false": _lu2_at(0, 1, 1, 0),
    "member_lu2_true": _lu2_at(1, 1, 1, 1),
    "member_lu2_rational": _lu2_at(2, 3, 5, 7),
    "member_root": exists(
        ["x", "y", "z"], formula("x**2 - 2 = 0 and 3*y + 2 = 0 and z**3 - 5 = 0")
    ),
    "closure_lu2_point": forall(["e"], exists([*XY, "z", "w"], formula(NEAR_P))),
    "sentence_three_cells": _sentence(THREE_CELLS),
    "sentence_rank_one": _sentence(RANK_ONE),
    "one_variable": exists(["x"], formula("x**2 - 2 = 0")),
    "no_quantifier": formula("a**2 <= 0 and (b > 0 or a + b = 0)"),
    "quadratic": exists(["x"], formula("x**2 + p*x + q = 0 and x > 0")),
    "cubic": exists(["x"], formula("x**3 + p*x**2 + q*x + r = 0 and x >= 0 and x - 1 <= 0")),
    "quartic": exists(["x"], formula("x**4 + p*x + q = 0")),
    "quintic": exists(["x"], formula("x**5 + p*x + 1 = 0 and x - q > 0")),
    "common_root": exists(["x"], formula("x**2 + p*x + q = 0 and x**2 + r*x + 1 = 0")),
    "free_true": exists(["x"], formula("x - a*b = 0")),
    "big_integer": exists(["x"], formula("x - a > 0 and x + 123456789012345678901234567890 = 0")),
    "universal_true": forall(["x"], exists(["y"], formula("-x**2 + y > 0"))),
    "universal_false": forall(["x"], formula("x**2 - 1 >= 0")),
    "negative_leading": exists(["x"], formula("-2*x**2 - 3*x*a - 1 >= 0 and -1 + 2*a <= 0")),
}


@dataclass(frozen=True)
class Transcript:
    """What one real run was given and what it printed."""

    given: str
    output: Output


def load(backend: str, name: str) -> Transcript:
    folder = TRANSCRIPTS / backend
    index = json.loads((folder / "index.json").read_text())
    errors = folder / f"{name}.err"
    return Transcript(
        (folder / f"{name}.in").read_text(),
        Output(
            (folder / f"{name}.out").read_text(),
            errors.read_text() if errors.exists() else "",
            index[name]["returncode"],
        ),
    )


@pytest.fixture(scope="session")
def questions() -> Mapping[str, Formula]:
    return QUESTIONS


@pytest.fixture(scope="session")
def read_formula() -> Callable[[str], Formula]:
    return formula


@pytest.fixture(scope="session")
def transcript() -> Callable[[str, str], Transcript]:
    return load
