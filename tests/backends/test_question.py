"""Names, prenex form, and the registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from cadlink.backends import REGISTRY
from cadlink.backends.base import NoAnswer, Outcome, Script
from cadlink.backends.question import answer_names, is_sentence, pose
from cadlink.logic.formula import (
    FALSE,
    TRUE,
    And,
    Exists,
    Formula,
    Quantifier,
    conj,
    exists,
    forall,
)

Read = Callable[[str], Formula]


def test_free_variables_come_first_then_the_bound_ones_in_order(read_formula: Read) -> None:
    f = exists(["z", "y"], forall(["x"], read_formula("x*y - z*b + a_0_10*a_0_2 = 0")))
    question = pose(f)
    assert question.free == ("v1", "v2", "v3")
    assert question.prefix == (
        (Quantifier.EXISTS, "v4"),
        (Quantifier.EXISTS, "v5"),
        (Quantifier.FORALL, "v6"),
    )
    assert list(question.names.values()) == ["a_0_2", "a_0_10", "b", "z", "y", "x"]


def test_bound_names_that_clash_stay_apart(read_formula: Read) -> None:
    f = conj(read_formula("x = 0"), exists(["x"], read_formula("x - 1 = 0")))
    question = pose(f)
    assert len(set(question.names.values())) == len(question.names) == 2
    assert answer_names(Script("", question.names, f)) == {"v1": "x"}


def test_names_that_are_already_ours_do_not_collide(read_formula: Read) -> None:
    question = pose(exists(["v1"], read_formula("v1 - v2 = 0 and v3 > 0")))
    assert dict(question.names) == {"v1": "v2", "v2": "v3", "v3": "v1"}


def test_variables_that_do_not_occur_are_dropped(read_formula: Read) -> None:
    question = pose(Exists(("x", "u"), read_formula("x - a = 0")))
    assert list(question.names.values()) == ["a", "x"]


@pytest.mark.parametrize("name", list(REGISTRY))
@pytest.mark.parametrize("constant", [TRUE, FALSE, And((TRUE, TRUE))])
def test_nothing_is_asked_about_constants(name: str, constant: Formula) -> None:
    with pytest.raises(NoAnswer) as caught:
        REGISTRY[name].write(constant)
    assert caught.value.outcome is Outcome.UNSUITED


def test_the_registry_is_in_order_of_preference_under_the_adapters_names() -> None:
    assert list(REGISTRY) == ["qepcad", "redlog", "z3"]
    assert all(adapter.name == name for name, adapter in REGISTRY.items())


def test_sentences_are_known_as_such(questions: Mapping[str, Formula]) -> None:
    written = {name: REGISTRY["qepcad"].write(f) for name, f in questions.items()}
    assert is_sentence(written["closure_lu2_point"])
    assert not is_sentence(written["image_lu2"])
