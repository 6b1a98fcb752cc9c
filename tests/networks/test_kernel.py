"""The kernel of network witnesses accepts what the theorems support, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest
from stating import stated
from witnesses import data_for, proved

from cadlink import read
from cadlink.cli.main import main
from cadlink.errors import CertificateError
from cadlink.networks.kernel import LOSSES, Statement, check_witness
from cadlink.networks.kernel.table import TABLE
from cadlink.networks.theorems import hall, linear_part, one_hidden_layer
from cadlink.networks.theorems.table import THEOREMS
from cadlink.networks.theorems.theorem import Case
from cadlink.networks.witness_file import document_of

Biases = Callable[[tuple[bool, ...]], bool]


def any_(biases: tuple[bool, ...]) -> bool:
    return True


def first(biases: tuple[bool, ...]) -> bool:
    return biases[0]


def hidden(biases: tuple[bool, ...]) -> bool:
    return all(biases[:-1])


def last_hidden(biases: tuple[bool, ...]) -> bool:
    return biases[-2]


def later(biases: tuple[bool, ...]) -> bool:
    return any(biases[1:-1])


def upwards(biases: tuple[bool, ...]) -> bool:
    return not any(low and not high for low, high in pairwise(biases))


def output(biases: tuple[bool, ...]) -> bool:
    return biases[-1]


def upwards_with_output(biases: tuple[bool, ...]) -> bool:
    return output(biases) and upwards(biases)


def last_or_none(biases: tuple[bool, ...]) -> bool:
    return biases[-1] or biases == (False,) * len(biases)


# Written down from the theorems, not from the kernel: questions with the answer, activations,
# biases, the widest class of losses, and the penalty.
NO, YES = "no_optimum", "optimum_guaranteed"
RELU = {"relu"}
BOTH = {"relu", "leaky_relu"}
ALSO_LINEAR = {*BOTH, "linear"}
SMOOTH = {"tanh", "sigmoid", "silu", "softplus", "gelu"}
THEORY: dict[tuple[str, str], tuple[str, str, set[str], Biases, str | None, str]] = {
    ("R1", "closed"): ("abc", YES, ALSO_LINEAR, any_, "growing", "none"),
    ("R1", "not_closed"): ("ac", NO, RELU, any_, "definite", "none"),
    ("R1", "some_targets"): ("a", NO, BOTH, any_, "definite", "none"),
    ("R2", "not_closed"): ("bc", NO, RELU, any_, "definite", "none"),
    ("R3", "not_closed"): ("abc", NO, RELU, any_, "definite", "none"),
    ("R6", "closed"): ("bc", YES, RELU, all, "growing", "none"),
    ("R6", "some_targets"): ("b", NO, RELU, all, "definite", "none"),
    ("R6", "attained"): ("bc", YES, RELU, all, "attaining", "none"),
    ("R8", "cube_closed"): ("d", "closed_on_cube", RELU, all, None, "none"),
    ("R13", "closed"): ("abc", YES, ALSO_LINEAR, any_, "growing", "none"),
    ("R14", "not_closed"): ("ac", NO, RELU, any_, "definite", "none"),
    ("R17", "not_closed"): ("ac", NO, RELU, any_, "definite", "none"),
    ("R17", "some_targets"): ("a", NO, RELU, hidden, "definite", "none"),
    ("R19", "some_targets"): ("a", NO, RELU, last_hidden, "definite", "none"),
    ("R25", "some_targets"): ("a", NO, RELU, hidden, "definite", "none"),
    ("R22", "some_targets"): ("a", NO, SMOOTH, any_, "definite", "none"),
    ("R20", "not_closed"): ("ac", NO, RELU, any_, "definite", "none"),
    ("R20", "some_targets"): ("a", NO, RELU, hidden, "definite", "none"),
    ("R20", "closed"): ("abc", YES, RELU, all, "growing", "none"),
    ("R18", "not_closed"): ("ac", NO, RELU, any_, "definite", "none"),
    ("R18", "some_targets"): ("a", NO, RELU, later, "definite", "none"),
    ("R16", "attained"): ("abc", YES, ALSO_LINEAR | SMOOTH, any_, "continuous", "all"),
    ("R24", "attained"): ("abc", YES, ALSO_LINEAR, upwards, "growing", "weights"),
    ("N1", "not_closed"): ("abc", NO, BOTH, any_, "definite", "none"),
    ("N1", "some_targets"): ("a", NO, BOTH, any_, "definite", "none"),
    ("N1", "cube_not_closed"): ("d", "not_closed_on_cube", BOTH, first, None, "none"),
    ("linear", "closed"): ("bc", YES, {"linear"}, last_or_none, "growing", "none"),
    ("linear", "not_closed"): ("b", NO, {"linear"}, last_or_none, "definite", "none"),
    ("linear", "some_targets"): ("a", NO, {"linear"}, last_or_none, "definite", "none"),
    ("affine", "cube_closed"): ("d", "closed_on_cube", ALSO_LINEAR, any_, None, "none"),
    ("realised", "attained"): ("c", YES, BOTH, any_, "definite", "none"),
    ("exact", "not_attained"): ("c", NO, RELU, all, "squared", "none"),
    ("R23i", "not_attained"): ("c", NO, {"relu", "linear"}, any_, "labels", "none"),
    ("R23i", "some_labels"): ("ab", NO, ALSO_LINEAR, output, "hard", "none"),
    ("R23ii", "attained"): ("abc", YES, ALSO_LINEAR, any_, "soft_cross_entropy", "none"),
    ("R23iii", "attained"): ("bc", YES, RELU, any_, "attaining", "none"),
    ("R23iv", "attained"): ("c", YES, RELU, any_, "definite", "none"),
    ("R24b", "attained"): ("abc", YES, ALSO_LINEAR, upwards_with_output, "labels", "weights"),
    ("R24b", "not_attained"): ("c", NO, ALSO_LINEAR, output, "labels", "weights"),
    ("R24b", "some_labels"): ("ab", NO, ALSO_LINEAR, output, "hard", "weights"),
    ("R24c", "not_attained"): ("c", NO, RELU, all, "averaging", "all-but-last"),
}
# The losses that each class holds; "soft_logistic" counts as one with perfect predictions (their
# logits are the perfect ones) where no targets are given.
HARD = {"cross_entropy", "logistic"}
SOFT = {"soft_cross_entropy", "soft_logistic"}
GROWING = {"squared", "coercive", "growing", "soft_logistic"}
HOLDS: dict[str | None, set[str | None]] = {
    None: {None},
    "squared": {"squared"},
    "coercive": {"squared", "coercive"},
    "definite": {"squared", "coercive", "definite"},
    "growing": {*GROWING},
    "attaining": {*GROWING, "attaining", "soft_cross_entropy"},
    "continuous": {*LOSSES},
    "hard": {*HARD},
    "soft_cross_entropy": {"soft_cross_entropy"},
    "labels": {*HARD, *SOFT},
    "averaging": {*HARD, *SOFT, "squared"},
}


def about(loss: str | None, widest: str | None, question: str) -> bool:
    if loss == "soft_logistic" and question in "ab" and widest in ("coercive", "definite"):
        return True
    return loss in HOLDS[widest]


ANSWERS = dict.fromkeys("abc", (NO, YES)) | {"d": ("closed_on_cube", "not_closed_on_cube")}


def supported(key: tuple[str, str], statement: Statement) -> bool:
    questions, answer, activations, biases, loss, penalty = THEORY[key]
    return (
        statement.question in questions
        and statement.answer == answer
        and statement.activation in activations
        and biases(statement.biases)
        and about(statement.loss, loss, statement.question)
        and statement.penalty == penalty
    )


def key_of(witness: dict[str, Any]) -> tuple[str, str]:
    return witness["theorem"], witness["claim"]


def statements(statement: Statement, witness: dict[str, Any]) -> list[Statement]:
    """Every statement about the network, with the data at hand; losses and penalties are changed
    one at a time."""
    found = []
    for question, answers in ANSWERS.items():
        inputs, targets = data_for(question, statement, witness)
        losses = (None,) if question == "d" else LOSSES
        own = statement.loss if statement.loss in losses else next(iter(losses))
        trainings = {(loss, statement.penalty) for loss in losses} | {
            (own, penalty) for penalty in ("none", "weights", "all-but-last", "all")
        }
        for answer, biases, activation, (loss, penalty) in product(
            answers,
            product((True, False), repeat=statement.pattern.depth),
            ("relu", "leaky_relu", "linear"),
            sorted(trainings, key=str),
        ):
            fields = (biases, activation, loss, penalty, question, answer, inputs, targets)
            with suppress(CertificateError):  # targets that are no labels
                found.append(Statement(statement.pattern, *fields))
    found += [replace(statement, activation=name) for name in sorted(SMOOTH)]
    return found


def test_every_claim_has_a_real_witness_that_is_accepted() -> None:
    for statement, witness in proved():
        check_witness(statement, witness)
    assert {key_of(witness) for _, witness in proved()} == set(TABLE) == set(THEORY)


def test_the_finders_declare_no_more_than_the_theory() -> None:
    assert {theorem.name for theorem in THEOREMS} == {name for name, _ in THEORY}
    for theorem in THEOREMS:
        for question, answer in theorem.supports:
            rows = [
                row
                for (name, _), row in THEORY.items()
                if name == theorem.name and question.value in row[0] and answer.value == row[1]
            ]
            assert rows, (theorem.name, question, answer)
            assert any(set(theorem.activations) <= row[2] for row in rows)
            for _, _, _, _, loss, penalty in rows:
                assert HOLDS[theorem.loss] <= HOLDS[loss] or loss == "hard"
                assert theorem.penalty == penalty


def test_each_witness_with_every_statement_that_it_does_not_support() -> None:
    accepted = refused = 0
    for given, witness in proved():
        key, narrower = key_of(witness), 0
        for statement in statements(given, witness):
            try:
                check_witness(statement, witness)
            except CertificateError:
                refused += 1
                continue
            assert supported(key, statement), (key, statement)
            accepted += 1
            narrower += 1
        assert narrower >= 1, key
    assert refused > 10 * accepted > 1000


# -- forgeries -------------------------------------------------------------------------------------

SMALL, LU, DEEP = read("dense:2-2-2"), read("lu:2"), read("11;1/1;11")
ZERO = ((Fraction(0), Fraction(0)),)
HALVES = {"weights": [[], []], "biases": [[], []]}


def of_a(make: Any, *arguments: Any) -> dict[str, Any]:
    witness = make(*arguments)
    assert witness is not None
    return dict(witness)


R1 = of_a(one_hidden_layer.some_data, Case.of(SMALL))
N1 = of_a(linear_part.by_cut, LU)
R18 = of_a(hall.some_data, Case.of(DEEP))
LINE = {
    "theorem": "realised",
    "claim": "attained",
    "inputs": [0, 1],
    "outputs": [0, 1],
    "X": [[t, t] for t in range(5)],
    "Y": [[0, 0]] * 5,
    "curve": HALVES,
}
ON_LINE = tuple((Fraction(t), Fraction(t)) for t in range(5))
FORGED = [
    ("R1's data are none about functions", stated(SMALL, "cube_not_closed"), R1, "answer"),
    (
        "zero targets are realised: that is no guarantee for others",
        stated(SMALL, "attained", question="b", inputs=ON_LINE),
        LINE,
        "answer",
    ),
    (
        "N1's points are not the inputs given",
        stated(LU, "not_closed", question="b", inputs=ZERO),
        N1,
        "the points of the statement",
    ),
    (
        "R18 says nothing about given inputs",
        stated(DEEP, "not_closed", question="b", inputs=ZERO),
        R18,
        "answer",
    ),
    (
        "R18 without data for given inputs",
        stated(DEEP, "some_targets", question="b", inputs=ZERO),
        {"theorem": "R18", "claim": "some_targets", "X": [[0, 0]]},
        "answer",
    ),
    ("a guarantee by a penalty that is not there", stated(LU, "attained"), {}, "penalty"),
    (
        "the same for given inputs",
        stated(SMALL, "attained", question="b", inputs=ZERO),
        {},
        "penalty",
    ),
    (
        "the same for a training set",
        stated(SMALL, "attained", question="c", inputs=ZERO, targets=ZERO),
        {},
        "penalty",
    ),
    (
        "other targets",
        stated(SMALL, "attained", question="c", inputs=ON_LINE, targets=ON_LINE),
        LINE,
        "the inputs and targets of the statement",
    ),
    (
        "one point twice in a training set",
        stated(SMALL, "attained", question="c", inputs=ON_LINE + ZERO, targets=ZERO * 6),
        LINE,
        "the inputs and targets of the statement",
    ),
    (
        "moving parameters attain nothing",
        stated(SMALL, "attained", question="c", inputs=ON_LINE, targets=ZERO * 5),
        {**LINE, "curve": {"weights": [[[0, 0, [[1, 1]]]], []], "biases": [[], []]}},
        "do not move",
    ),
    ("no curve", stated(SMALL, "not_closed"), {**R1, "curve": None}, "curve"),
    ("a number for a curve", stated(SMALL, "not_closed"), {**R1, "curve": 3}, "curve"),
    ("half a curve", stated(SMALL, "not_closed"), {**R1, "curve": {"weights": []}}, "curve"),
    ("no inputs", stated(LU, "not_closed"), {**N1, "inputs": [], "X": [[]] * 9}, "inputs"),
    ("no points", stated(LU, "not_closed"), {**N1, "X": [], "Y": []}, "point"),
    ("a list for a theorem", stated(LU, "not_closed"), {**N1, "theorem": []}, "theorem"),
    ("an object for a claim", stated(LU, "not_closed"), {**N1, "claim": {}}, "theorem"),
    ("another theorem's claim", stated(LU, "not_closed"), {**N1, "claim": "closed"}, "theorem"),
    (
        "no certificate",
        stated(LU, "some_targets"),
        {"theorem": "N1", "claim": "some_targets"},
        "certificate",
    ),
]


@pytest.mark.parametrize(
    ("statement", "witness", "words"), [case[1:] for case in FORGED], ids=[f[0] for f in FORGED]
)
def test_forged(
    statement: Statement,
    witness: dict[str, Any],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    witness = witness or {"theorem": "R16", "claim": "attained"}
    with pytest.raises(CertificateError, match=words):
        check_witness(statement, witness)
    path = tmp_path / "w.json"
    path.write_text(json.dumps(document_of(statement, witness)))
    assert main(["check", str(path)]) == 5
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert words in shown


def test_lu_without_first_biases_on_the_cube() -> None:
    """The products are not closed, but the functions are (see ``theorems/linear_part.py``)."""
    given, witness = next(pair for pair in proved() if pair[1]["claim"] == "cube_not_closed")
    for last in (True, False):
        check_witness(replace(given, biases=(True, last)), witness)
        with pytest.raises(CertificateError, match="free biases in the first layer"):
            check_witness(replace(given, biases=(False, last)), witness)


def test_leaky_units_must_not_be_negative_on_the_data() -> None:
    """The slope below 0 is not known, so R14's dead unit cannot be followed; N1's are active."""
    leaky = stated(LU, "not_closed", activation="leaky_relu")
    assert check_witness(leaky, N1).theorem == "N1"
    flipped = json.loads(json.dumps(N1))
    flipped["curve"]["biases"][0][0][1] = [[0, -10]]
    with pytest.raises(CertificateError, match="nowhere negative"):
        check_witness(leaky, flipped)


def test_a_loss_that_tends_to_0_far_away_has_no_guarantee() -> None:
    """S closed is not enough for every loss that is 0 only at the target."""
    safe = stated(read("dense:2-2-1"), "closed")
    witness = {"theorem": "R1", "claim": "closed"}
    check_witness(replace(safe, loss="coercive"), witness)
    with pytest.raises(CertificateError, match="tends to infinity with the predictions"):
        check_witness(replace(safe, loss="definite"), witness)


def test_targets_that_contradict_each_other_need_a_loss_that_grows() -> None:
    """Targets 0 and 1 at one input: (p - y)^2 / (1 + (p - y)^4), summed, tends to 0 with p -> oo
    only, though one unit fits every target of one point."""
    twice, witness = ((Fraction(0),),) * 2, {"theorem": "R6", "claim": "attained"}
    targets = ((Fraction(0),), (Fraction(1),))
    for data in ({"question": "b"}, {"question": "c", "targets": targets}):
        given = stated(read("1;1"), "attained", inputs=twice, loss="coercive", **data)
        check_witness(given, witness)
        with pytest.raises(CertificateError, match="least at some prediction"):
            check_witness(replace(given, loss="definite"), witness)


def test_a_network_has_units_in_every_layer() -> None:
    """Theorems take it for granted: a layer without units is no narrow one, but a constant."""
    empty = read("dense:2-2-2-2").select([range(2), [], range(2), range(2)])
    with pytest.raises(CertificateError, match="units in every layer"):
        stated(empty, "some_targets")


def test_work_is_bounded_by_the_size_of_the_file() -> None:
    """Long Laurent polynomials with long numbers: refused within seconds."""
    import time

    series = [[e, f"1/{10**120 + e}"] for e in range(-250, 250)]
    witness = {
        **LINE,
        "theorem": "R1",
        "claim": "not_closed",
        "curve": {
            "weights": [[[0, 0, series]], [[0, 0, series], [1, 0, series]]],
            "biases": [[], []],
        },
    }
    start = time.process_time()
    with pytest.raises(CertificateError, match="too much work"):
        check_witness(stated(SMALL, "not_closed"), witness)
    assert time.process_time() - start < 5


def test_points_on_hyperplanes_are_counted_in_one_two_and_three_dimensions() -> None:
    import random

    from cadlink.certificates.kernel.reader import Budget, Reader
    from cadlink.networks.kernel.matrices import _most_on_hyperplane
    from cadlink.networks.kernel.witness import Network

    chance = random.Random(5)
    for n in (1, 2, 3):
        for _ in range(30):
            points = {tuple(chance.randrange(3) for _ in range(n)) for _ in range(9)}
            xs = [[Fraction(v, 3) for v in x] for x in sorted(points)]
            net = Network(stated(SMALL, "not_closed"), Reader({}, "witness", Budget()))
            planes = (p for p in product(range(-4, 5), repeat=n) if any(p))
            # every plane through points of a 3 x 3 x 3 grid has a normal with such entries
            most = max(
                sum(1 for x in xs if sum(a * v for a, v in zip(plane, x, strict=True)) == level)
                for plane in planes
                for level in {sum(a * v for a, v in zip(plane, x, strict=True)) for x in xs}
            )
            assert _most_on_hyperplane(net, xs) == most, xs


def test_what_costs_time_is_looked_at_first() -> None:
    """Short files that ask for much: one point listed often, claims about pairs of many points."""
    import time

    wide = read("dense:1000-2-2")
    often = {**R1, "inputs": list(range(1000)), "X": [[t] * 1000 for t in range(5)]}
    many = {
        **{key: LINE[key] for key in ("inputs", "outputs")},
        "theorem": "exact",
        "claim": "not_attained",
        "X": [[t, 0] for t in range(2000)],
        "Y": [[0, 0]] * 2000,
        "limit": [[0, 0]] * 2000,
        "infimum": 0,
        "curve": HALVES,
        "claims": [],
    }
    narrow = read("10/10;11/11")
    rows = tuple((Fraction(t), Fraction(0)) for t in range(2000))
    data = {"question": "c", "inputs": rows, "targets": ZERO * 2000}
    start = time.process_time()
    with pytest.raises(CertificateError, match="each once"):
        check_witness(stated(wide, "not_closed"), {**often, "line": [0] * 20_000})
    with pytest.raises(CertificateError, match="claims"):
        check_witness(stated(narrow, "not_attained", **data), many)
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("source", "units", "biases", "words"),
    [
        ("dense:1-2-2", [0, 1], (True, True), ""),
        ("dense:2-2-2", [0, 1], (False, False), ""),
        ("10/01;11/10", [0, 1], (True, False), ""),
        ("10/01;11/10", [1, 0], (True, False), "two outputs of unit 1"),
        ("dense:1-2-2", [0, 1], (False, True), "two inputs in common"),
        ("110/011;11/11", [0, 1], (False, True), "two inputs in common"),
        ("dense:2-2-2", [0, 0], (True, True), "two units"),
        ("dense:2-2-2", [0, 2], (True, True), "a unit"),
        ("dense:2-2-1", [0, 1], (True, True), "two outputs"),
        ("1/1;10/01", [0, 1], (True, True), "share an output"),
        ("11/00;11/11", [0, 1], (True, True), "see an input"),
        ("dense:2-2-2-2", [0, 1], (True, True, True), "one hidden layer"),
    ],
)
def test_r1_without_data(
    source: str, units: list[int], biases: tuple[bool, ...], words: str
) -> None:
    statement = stated(read(source), "some_targets", biases=biases)
    witness = {"theorem": "R1", "claim": "some_targets", "units": units}
    if words:
        with pytest.raises(CertificateError, match=words):
            check_witness(statement, witness)
    else:
        assert check_witness(statement, witness).holes == ()


def test_a_wide_dense_layer_gets_an_answer_without_its_thousands_of_points() -> None:
    from cadlink.networks import decide_network

    verdict = decide_network("dense:20-1000-3")
    assert verdict.witness == {"theorem": "R1", "claim": "some_targets", "units": [0, 1]}
