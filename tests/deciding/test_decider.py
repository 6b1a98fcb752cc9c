"""Deciding: the zoo through the whole path, honest unknowns, contradictions, limits."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from zoo import GROUPS, PATTERNS, Known, group

from cadlink import Assurance, Decider, Limits, Pattern, UnknownReason, Verdict, check, decide, read
from cadlink.backends.engine import Engine
from cadlink.certificates import kernel
from cadlink.certificates.data import Certificate
from cadlink.errors import BackendMissing, FormulaError, InputError
from cadlink.logic.encode import columns_served
from cadlink.patterns.group import Group
from cadlink.rules.pipeline import open_leaves, reduce
from cadlink.search import sections

MISBEHAVING = Path(__file__).parents[1] / "misbehaving"

# No rule and no curve settles it, and without sections a backend does, in a second.
NEEDS_A_BACKEND = (("##./#../...", ".##/..#/...", ".../#.#/#.#"), "free")


@pytest.fixture(scope="module")
def decider() -> Iterator[Decider]:
    with Engine(cache=None) as engine:
        yield Decider(engine)


@pytest.fixture
def no_sections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every problem is too large for sections."""
    monkeypatch.setattr(sections, "MOST_CELLS", 0)


@pytest.mark.parametrize("known", PATTERNS, ids=lambda known: known.source)
def test_the_zoo_is_decided_and_checked(known: Known, decider: Decider) -> None:
    decision = decider.decide(read(known.source))
    assert decision.verdict is (Verdict.CLOSED if known.closed else Verdict.NOT_CLOSED)
    assert decision.assurance is Assurance.CHECKED
    assert decision.runs == ()  # no backend was needed
    text = json.dumps(decision.to_json())
    checked = check(json.dumps(json.loads(text)["certificate"]), read(known.source))
    assert (checked.verdict, checked.assurance) == (decision.verdict.value, "checked")


@pytest.mark.parametrize(("pictures", "closed", "why"), GROUPS, ids=lambda value: str(value))
def test_the_groups_are_settled(
    pictures: tuple[str, ...], closed: bool, why: str, decider: Decider
) -> None:
    settled = decider.settle(group(pictures))
    assert settled.conclusion in (("closed", "free") if closed else ("not_closed",)), why
    assert settled.holes == ()


@pytest.mark.usefixtures("no_sections")
def test_the_smallest_group_for_a_backend(decider: Decider) -> None:
    pictures, conclusion = NEEDS_A_BACKEND
    settled = decider.settle(group(pictures), Limits(120))
    assert settled.conclusion == conclusion
    assert settled.holes  # named backends
    assert all("answered" in hole for hole in settled.holes)
    assert any(run.answer is not None for run in settled.runs)


@pytest.mark.usefixtures("no_sections")
def test_a_settled_group_is_not_settled_again(decider: Decider) -> None:
    pictures, conclusion = NEEDS_A_BACKEND
    decider.settle(group(pictures), Limits(120))
    moved = group(pictures).relabel({0: 2, 1: 0, 2: 1}, {0: 1, 1: 2, 2: 0}).transpose()
    again = decider.settle(moved, Limits(120))
    assert again.conclusion == conclusion
    assert again.runs == ()


@pytest.mark.usefixtures("no_sections")
def test_without_backends_an_unknown_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("QEPCAD", "REDLOG", "Z3"):
        monkeypatch.setenv(f"CADLINK_{name}", "off")
    with Decider(Engine(cache=None)) as alone:
        settled = alone.settle(group(NEEDS_A_BACKEND[0]), Limits(60))
        assert settled.conclusion is None
        assert settled.reason is UnknownReason.NO_BACKEND
        assert alone.decide(read("lu:3")).verdict is Verdict.NOT_CLOSED  # rules need none
        with pytest.raises(BackendMissing, match="qepcad"):
            alone.decide(read("lu:2"), method="sentence", backend="qepcad")


def test_the_sentence_on_named_backends(decider: Decider) -> None:
    """The paper's route answers on toys; its word is trusted, not checked."""
    toy = Pattern.of(["1", "1"])
    for backend in ("qepcad", "redlog"):
        decision = decider.decide(toy, Limits(60), "sentence", backend, norm="max")
        assert (decision.verdict, decision.assurance) == (Verdict.CLOSED, Assurance.TRUSTED)
        assert [run.backend for run in decision.runs] == [backend]
    decision = decider.decide(read("lu:2"), Limits(60), "sentence", "z3", norm="max")
    assert (decision.verdict, decision.assurance) == (Verdict.NOT_CLOSED, Assurance.TRUSTED)
    assert decision.certificate is not None
    assert "z3" in check(decision.certificate).holes[0]


def test_the_limit_is_a_total(decider: Decider) -> None:
    start = time.monotonic()
    decision = decider.decide(read("lu:3"), Limits(wall_s=1), method="sentence")
    assert time.monotonic() - start < 10  # a loaded machine may be late, but not by much
    assert (decision.verdict, decision.reason) == (Verdict.UNKNOWN, UnknownReason.TIME)
    assert decision.certificate is None
    assert decision.runs


@pytest.mark.usefixtures("no_sections")
def test_a_contradiction_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """QEPCAD lies about everything: its answers must never decide against the others'."""
    monkeypatch.setenv("CADLINK_QEPCAD", str(MISBEHAVING / "liar_qepcad.py"))
    with Decider(Engine(cache=None)) as misled:
        assert "qepcad" in misled.engine.available()
        settled = misled.settle(group(NEEDS_A_BACKEND[0]), Limits(120))
    assert settled.conclusion is None
    assert settled.reason is UnknownReason.CONTRADICTION
    assert "contradict" in settled.detail
    assert {run.backend for run in settled.runs if run.answer is not None} >= {"z3", "qepcad"}


def test_answers_have_no_truth_value(decider: Decider) -> None:
    decision = decider.decide(read("lu:2"))
    with pytest.raises(TypeError, match="no truth value"):
        bool(decision)
    with pytest.raises(TypeError, match="three values"):
        bool(decision.verdict)


def test_a_question_too_long_to_write_is_a_silent_strategy(decider: Decider) -> None:
    """Eight rows in a column of eight neurons: the minors have too many terms."""
    pattern = read("random:8-8-8,0.75,0")
    (leaf,) = open_leaves(reduce(pattern))
    assert isinstance(leaf.problem, Group)
    with pytest.raises(FormulaError, match="minors"):
        columns_served(leaf.problem)
    decision = decider.decide(pattern, Limits(wall_s=12))
    assert decision.reason is not UnknownReason.REJECTED
    assert (decision.certificate is None) == (decision.verdict is Verdict.UNKNOWN)


def test_bad_arguments() -> None:
    with pytest.raises(InputError, match="expected one of auto, sentence"):
        decide(read("lu:2"), method="guess")
    with pytest.raises(InputError, match="positive number of seconds"):
        Limits(wall_s=0)
    with pytest.raises(InputError, match="at least 64 MiB"):
        Limits(memory_mib=1)
    with pytest.raises(InputError, match="norm"):
        decide(read("lu:2"), method="sentence", norm="taxicab")
    with pytest.raises(InputError, match="backend"):
        decide(read("lu:2"), method="sentence", backend="magma")


def test_one_unknown_part_does_not_hide_a_non_closed_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """An open component beside the LU pattern, in either order, with no backend to ask."""
    for name in ("QEPCAD", "REDLOG", "Z3"):
        monkeypatch.setenv(f"CADLINK_{name}", "off")
    blocks = [((0, 2), (0, 1, 2)), ((0, 1, 2), (1, 2)), ((1, 2), (0, 1, 2))]
    lu = [((0, 1), (0, 1)), ((1,), (1,))]
    for shift_lu, shift_hard in ((3, 0), (0, 2)):
        neurons = [([j + shift_hard for j in r], [k + shift_hard for k in c]) for r, c in blocks]
        neurons += [([j + shift_lu for j in r], [k + shift_lu for k in c]) for r, c in lu]
        first = [[int(k in cols) for k in range(5)] for _, cols in neurons]
        second = [[int(j in rows) for rows, _ in neurons] for j in range(5)]
        with Decider(Engine(cache=None)) as alone:
            decision = alone.decide(Pattern.of([first, second]), Limits(60))
        assert decision.verdict is Verdict.NOT_CLOSED
        assert decision.assurance is Assurance.CHECKED


def test_the_last_step_is_a_check_of_what_is_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    """The very certificate, for the very pattern; a certificate of another one goes nowhere."""
    pattern = Pattern.of(["11/01", "10/11"])
    seen: list[object] = []

    def check(certificate: Certificate, asked: Pattern, deadline: float) -> kernel.Checked:
        seen.append((certificate, asked))
        return real(certificate, asked, deadline)

    real = kernel.check
    monkeypatch.setattr(kernel, "check", check)
    decision = decide(pattern)
    assert decision.certificate is not None
    assert [(c is decision.certificate, p is pattern) for c, p in seen] == [(True, True)]
    monkeypatch.setattr(Pattern, "to_json", lambda self: {"layers": [["11", "01"], ["10", "01"]]})
    refused = decide(pattern)
    assert (refused.verdict, refused.reason) == (Verdict.UNKNOWN, UnknownReason.REJECTED)
    assert refused.certificate is None
