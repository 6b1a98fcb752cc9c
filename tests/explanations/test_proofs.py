"""Every step a proof may contain is written down, in text and in LaTeX, and concludes the truth."""

from __future__ import annotations

import re
from collections import Counter
from copy import deepcopy
from typing import Any

import pytest
from certificates.test_mutations import CASES, Case

from cadlink import decide, read
from cadlink.certificates.data import Proof
from cadlink.certificates.read import proof_from
from cadlink.explanations import proofs
from cadlink.patterns.group import Group
from cadlink.patterns.pattern import Pattern
from cadlink.writing import latex, text
from cadlink.writing.document import Block
from cadlink.writing.draw import Problem

PATTERNS = (
    "lu:2",
    "lu:3",
    "butterfly:4",
    "butterfly:8",
    "dense:2-1-2",
    "dense:5-2-4-3-6",
    "11/01;10/01;10/11",
    "110/011/101;110/011/101;111/111/111",
    "110/011/101;110/011/101",
    "110/110/001/001;1100/0011",
    "1",
    "0",
    "lu:100",
)


def problem_of(value: Any) -> Problem:
    if isinstance(value, dict):
        return Pattern.from_json(value)
    return Group.of([{(j, k) for j, k in graph} for graph in value])


def blocks_of(case: Case) -> tuple[list[Block], str]:
    return proofs.written_proof(problem_of(case.problem), proof_from(case.proof, "proof"))


def well_formed(source: str) -> None:
    """What a LaTeX compiler would complain about first."""
    assert source.isascii()
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", source)
    plain = re.sub(r"\\[\\{}$%&#_]", "", source)
    depth = 0
    for char in plain:
        depth += {"{": 1, "}": -1}.get(char, 0)
        assert depth >= 0
    assert depth == 0
    assert Counter(re.findall(r"\\begin\{(\w+)\}", source)) == Counter(
        re.findall(r"\\end\{(\w+)\}", source)
    )
    assert source.count(r"\begingroup") == source.count(r"\endgroup")
    outside = ""
    for place, piece in enumerate(re.split(r"\\\[|\\\]", plain)):
        if place % 2 == 0:
            assert piece.count("$") % 2 == 0
            outside += re.sub(r"\$[^$]*\$", "", piece)
    # signs that only mathematics may have
    assert not re.search(r"[\^_<>]", outside)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_case_of_the_kernel(case: Case) -> None:
    blocks, conclusion = blocks_of(case)
    assert conclusion == case.truth
    written = text.write(blocks)
    assert written.isascii()
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", written)
    for line in written.splitlines():
        assert len(line) <= 100
    for rule in re.findall(r'"rule": "(\w+)"', str(case.proof).replace("'", '"')):
        assert f"[{rule}]" in written
    well_formed(latex.write(blocks))


@pytest.mark.parametrize("source", PATTERNS)
def test_decided_patterns(source: str) -> None:
    decision = decide(read(source))
    assert decision.certificate is not None
    blocks = proofs.written(decision.certificate)
    written = text.write(blocks)
    assert written.startswith("Theorem. ")
    said = "is not closed. (" if decision.certificate.verdict == "not_closed" else "is closed. ("
    assert said in written
    assert len(written) < 30_000
    well_formed(latex.write(blocks, standalone=True))


def test_the_curve_of_lu() -> None:
    decision = decide(read("lu:2"))
    assert decision.certificate is not None
    written = text.write(proofs.written(decision.certificate))
    assert "[ t  0 ]  [ 1   1/t ]  =  [ t  1 ]  ->  [ 0  1 ]" in written


def test_cases_and_deductions_are_nested() -> None:
    case = next(case for case in CASES if case.name == "curve_cases")
    written = text.write(blocks_of(case)[0])
    assert "Case 1. Suppose 2 X_2(0,0) = 0." in written
    assert "     - Case 1 says 2 X_2(0,0) = 0, a contradiction." in written
    assert "Everything but 2 X_2(0,0) cancels." in written


def test_only_the_deductions_that_are_needed() -> None:
    case = next(case for case in CASES if case.name == "curve_propagation")
    written = text.write(blocks_of(case)[0])
    assert written.count(" says ") == 3
    assert "A(1,1) says" not in written


def test_what_keeps_limits_away_is_said() -> None:
    case = next(case for case in CASES if case.name == "sections_limits")
    written = " ".join(text.write(blocks_of(case)[0]).split())
    assert "for every limit A of products, in 3 cases" in written
    assert "In 2 more cases there are no limits." in written
    assert "Here A(0,0) A(1,1) - A(0,1) A(1,0) is not 0: A is no limit of products." in written


@pytest.mark.parametrize(("more", "printed"), [(11, True), (12, False)])
def test_cases_without_limits_count_when_many_are_not_printed(more: int, printed: bool) -> None:
    """Three cases with parameters, two without limits, and more of these by splitting one."""
    case = deepcopy(next(case for case in CASES if case.name == "sections_limits"))
    none = {"vanishes": 0}
    split: dict[str, Any] = none
    for _ in range(more):
        shift = {"coordinate": "a_1_0", "shift": [[1, []]]}
        split = {**shift, "zero": none, "nonzero": split}
    case.proof["data"]["tree"]["nonzero"]["nonzero"] = split
    blocks, conclusion = blocks_of(case)
    assert conclusion == "closed"
    written = " ".join(text.write(blocks).split())
    assert "in 3 cases. They are polynomials" in written
    assert f"In {2 + more} more cases there are no limits." in written
    assert written.count("A is no limit of products") == (2 + more if printed else 0)
    assert ("So many cases are not printed here" in written) != printed


def test_what_is_trusted_is_said() -> None:
    case = next(case for case in CASES if case.name == "claims_variety")
    written = text.write(blocks_of(case)[0])
    assert "rests on the word of" in written
    assert "qepcad 1.74 answered" in written
    assert "A(0,0) A(1,1) - A(0,1) A(1,0)" in written


def test_words_of_strangers_are_harmless() -> None:
    answer = {
        "backend": "\x02$\\evil{\x1b[31m",
        "version": "_^&%#~<>\"'`|",
        "answer": "true\x03\x1f\n\\input{/etc/passwd}",
        "transcript": "a" * 64,
    }
    claim = {"statement": "image", "answers": [answer]}
    proof = Proof("claims", {"method": "closed_formula", "formula": True, "claims": [claim]})
    blocks, conclusion = proofs.written_proof(Group.of([{(0, 0), (0, 1)}]), proof)
    assert conclusion == "closed"
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", text.write(blocks))
    source = latex.write(blocks)
    well_formed(source)
    assert r"\input{" not in source


def test_large_patterns_are_summed_up() -> None:
    decision = decide(read("lu:100"))
    assert decision.certificate is not None
    written = text.write(proofs.written(decision.certificate))
    assert "a chain of 2 masks, widths 100-100-100" in written
    assert "#" not in written


def test_parts_that_look_alike_are_written_once() -> None:
    case = next(case for case in CASES if case.name == "chain_split")
    written = text.write(blocks_of(case)[0])
    assert written.count("[block_tiling]") == 1
    assert "part 2 looks the same and is treated in the same way" in written
