"""The engine with the real programs, and with programs that misbehave in their place."""

from __future__ import annotations

import json
import math
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import warnings
import zlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from cadlink.backends import REGISTRY
from cadlink.backends.base import Outcome
from cadlink.backends.cache import Cache, transcript_digest
from cadlink.backends.engine import Engine, Run
from cadlink.backends.locate import Found
from cadlink.clock import UNLIMITED, Clock
from cadlink.errors import BackendMissing, CacheWarning, InputError
from cadlink.logic import encode
from cadlink.logic.formula import (
    FALSE,
    TRUE,
    And,
    Atom,
    Exists,
    Formula,
    Or,
    Rel,
    conj,
    evaluate,
    exists,
    forall,
    free_variables,
)
from cadlink.logic.polynomial import Polynomial
from cadlink.patterns.pattern import Pattern

MISBEHAVING = Path(__file__).parents[1] / "misbehaving"
Alive = Callable[[], list[str]]
Fake = Callable[..., None]
pytestmark = pytest.mark.usefixtures("alive")

X, Y, A = (Polynomial.variable(name) for name in ("x", "y", "a_0_1"))
SQRT2 = exists(["x"], Atom(X * X - 2, Rel.EQ))
POSITIVE = forall(["x"], Atom(X * X, Rel.GT))
SQUARE = exists(["x"], Atom(X * X - A, Rel.EQ))  # a_0_1 >= 0
HARD = encode.sentence(Pattern.of([["11", "01"], ["10", "11"]]), norm="euclidean")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(Cache(tmp_path / "answers.sqlite")) as made:
        yield made


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Fake:
    """Puts a misbehaving program in the place of a backend; it tells its version like that one."""

    def put(backend: str, script: str) -> None:
        path = tmp_path / f"{backend}-{script}"
        banner = {"qepcad": "Version B 0.0", "z3": "Z3 version 0.0"}.get(backend, "")
        program = f'exec "{sys.executable}" "{MISBEHAVING / script}" "$@"\n'
        version = f'case "$1" in -v|--version) echo "{banner}"; exit;; esac\n'
        path.write_text("#!/bin/sh\n" + (version if banner else "") + program)
        path.chmod(0o755)
        monkeypatch.setenv(f"CADLINK_{backend.upper()}", str(path))

    return put


@pytest.fixture(scope="module")
def warm() -> Iterator[Engine]:
    """One engine for several tests, its Redlog session already started."""
    with Engine(cache=None) as made:
        assert ask(made, SQRT2, "redlog").outcome is Outcome.ANSWERED
        yield made


def ask(engine: Engine, formula: Formula, backend: str, wall_s: float = 30) -> Run:
    return engine.ask(formula, backend, wall_s, 1500)


def stored(engine: Engine) -> int:
    return engine.cache.info().entries


# --- the real programs ------------------------------------------------------------------------


def test_all_backends_are_installed(engine: Engine) -> None:
    assert engine.available() == ["qepcad", "redlog", "z3"]


@pytest.mark.parametrize("backend", list(REGISTRY))
def test_sentences(warm: Engine, backend: str) -> None:
    yes, no = ask(warm, SQRT2, backend), ask(warm, POSITIVE, backend)
    assert (yes.outcome, no.outcome) == (Outcome.ANSWERED, Outcome.ANSWERED)
    assert yes.answer is not None
    assert no.answer is not None
    assert (yes.answer.formula, no.answer.formula) == (TRUE, FALSE)
    assert warm.smoke_test(backend, memory_mib=1500).works
    assert json.loads(json.dumps(yes.to_json()))["answer"] == "true"


@pytest.mark.parametrize("backend", ["qepcad", "redlog"])
def test_formulas_come_back_in_our_names(warm: Engine, backend: str) -> None:
    run = ask(warm, SQUARE, backend)
    assert run.answer is not None
    assert free_variables(run.answer.formula) == ("a_0_1",)
    for value in (-1, 0, Fraction(1, 3)):
        assert evaluate(run.answer.formula, {"a_0_1": value}) is (value >= 0)


def test_z3_names_a_witness_and_takes_no_formulas(engine: Engine) -> None:
    run = ask(engine, exists(["x"], Atom(X + X - 1, Rel.EQ)), "z3")
    assert run.answer is not None
    assert run.answer.model == {"x": Fraction(1, 2)}
    assert run.to_json()["model"] == {"x": "1/2"}
    assert ask(engine, SQUARE, "z3").outcome is Outcome.UNSUITED


@pytest.mark.parametrize("backend", ["qepcad", "redlog"])
def test_a_time_limit_is_kept_and_the_next_question_works(engine: Engine, backend: str) -> None:
    ask(engine, SQRT2, backend)
    run = ask(engine, HARD, backend, 1.5)
    assert (run.outcome, run.answer) == (Outcome.TIMEOUT, None)
    assert 1.4 < run.seconds < 4
    assert stored(engine) == 1  # no trace of the time-out
    assert ask(engine, POSITIVE, backend).outcome is Outcome.ANSWERED


def test_a_memory_limit_is_kept(engine: Engine) -> None:
    run = engine.ask(HARD, "redlog", 30, 64)
    assert run.outcome is Outcome.MEMORY


def test_one_session_takes_many_questions(warm: Engine) -> None:
    session = warm._warm["redlog"].session
    start = time.monotonic()
    for number in range(3, 60):
        run = ask(warm, exists(["x"], Atom(X * X - number * A, Rel.EQ)), "redlog")
        assert run.answer is not None
        assert evaluate(run.answer.formula, {"a_0_1": 1})
    assert warm._warm["redlog"].session is session
    assert time.monotonic() - start < 20


def test_redlogs_own_error_is_no_answer(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    redlog = type(REGISTRY["redlog"])
    write = redlog.write

    def broken(self: object, formula: Formula, clock: Clock) -> object:
        script = write(self, formula, clock)  # type: ignore[arg-type]
        return type(script)("rlqe ex(x, 1/0 = x);\n", script.names, script.formula)

    monkeypatch.setattr(redlog, "write", broken)
    run = ask(engine, SQRT2, "redlog")
    assert (run.outcome, run.answer) == (Outcome.CRASHED, None)
    assert "Zero divisor" in run.detail
    assert "Zero divisor" in run.transcript


def test_a_killed_backend_is_replaced(engine: Engine, alive: Alive) -> None:
    ask(engine, SQRT2, "redlog")
    (java,) = (line for line in alive() if "watchdog" not in line)
    os.kill(int(java.split()[0]), signal.SIGKILL)
    assert ask(engine, POSITIVE, "redlog").outcome is Outcome.ANSWERED


def test_threads_share_a_session(warm: Engine) -> None:
    answers: list[bool] = []

    def work(number: int) -> None:
        f = exists(["x"], Atom(X * X - number, Rel.EQ))
        run = ask(warm, f, "redlog")
        answers.append(run.answer is not None and run.answer.formula == TRUE)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2, 8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 6


def test_closing_ends_the_sessions(alive: Alive) -> None:
    with Engine(cache=None) as engine:
        ask(engine, SQRT2, "redlog")
        assert len(alive()) == 2
    assert alive() == []


# --- no program is asked ----------------------------------------------------------------------


def test_constants_need_no_program(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CADLINK_QEPCAD", "off")
    one = Polynomial.constant(1)
    for formula, truth in ((Atom(one, Rel.GT), TRUE), (exists(["x"], Atom(one, Rel.EQ)), FALSE)):
        run = ask(engine, formula, "qepcad")
        assert run.answer is not None
        assert (run.backend, run.answer.formula) == ("cadlink", truth)
    assert stored(engine) == 0


def test_a_missing_backend_says_what_to_do(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CADLINK_QEPCAD", "off")
    with pytest.raises(BackendMissing, match=r"CADLINK_QEPCAD=off.*apt-get install qepcad"):
        ask(engine, SQRT2, "qepcad")
    assert engine.available() == ["redlog", "z3"]
    assert not engine.smoke_test("qepcad").works
    with pytest.raises(InputError, match="'maple': expected one of qepcad, redlog, z3"):
        ask(engine, SQRT2, "maple")


def test_a_program_that_vanishes(engine: Engine, fake: Fake, tmp_path: Path) -> None:
    fake("qepcad", "silent.py")
    assert "qepcad" in engine.available()
    (tmp_path / "qepcad-silent.py").unlink()
    run = ask(engine, SQRT2, "qepcad")
    assert run.outcome is Outcome.MISSING
    assert "No such file" in run.detail


def test_no_time_at_all(engine: Engine) -> None:
    assert ask(engine, SQRT2, "qepcad", 0).outcome is Outcome.TIMEOUT
    assert ask(engine, SQRT2, "redlog", 0).outcome is Outcome.TIMEOUT


# --- lack of an answer is an outcome ----------------------------------------------------------


def deep(levels: int) -> Formula:
    """Conjunctions and disjunctions inside each other."""
    f: Formula = Atom(X, Rel.GT)
    for number in range(levels):
        atom = Atom(X - number, Rel.GT)
        f = Or((atom, f)) if number % 2 else And((atom, f))
    return Exists(("x",), f)


@pytest.mark.parametrize("backend", list(REGISTRY))
def test_no_formula_makes_asking_raise(warm: Engine, backend: str) -> None:
    long = ask(warm, exists(["x"], Atom(X - 10**5000, Rel.EQ)), backend)
    assert (long.outcome, long.answer) == (Outcome.UNSUITED, None)
    assert long.detail == "a coefficient of more than 4000 digits"
    fits = ask(warm, exists(["x"], Atom(X - 10**3999, Rel.EQ)), backend)
    assert fits.answer is not None
    assert fits.answer.formula == TRUE
    for levels in (600, 5000):
        nested = ask(warm, deep(levels), backend)
        assert (nested.outcome, nested.answer) == (Outcome.UNSUITED, None)
        assert "nested too deeply" in nested.detail
    assert ask(warm, deep(40), backend).outcome is Outcome.ANSWERED


@pytest.mark.parametrize("backend", list(REGISTRY))
def test_no_limit_is_a_limit(warm: Engine, backend: str) -> None:
    assert warm.ask(SQRT2, backend, math.inf, 1500).outcome is Outcome.ANSWERED
    assert warm.ask(SQRT2, backend, -3, 1500).outcome is Outcome.TIMEOUT
    for wrong in (math.nan, "10", None, True):
        with pytest.raises(InputError, match=r"time limit .*expected a number of seconds"):
            warm.ask(SQRT2, backend, wrong, 1500)  # type: ignore[arg-type]
    for wrong in (0, 1.5, "1500"):
        with pytest.raises(InputError, match=r"memory limit .*expected a positive number of MiB"):
            warm.ask(SQRT2, backend, 10, wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("backend", list(REGISTRY))
def test_writing_a_long_question_keeps_to_the_limit(warm: Engine, backend: str) -> None:
    atom = Atom(X * X + 3 * X * Y - Y + 7, Rel.GT)
    question = Exists(("x", "y"), And((atom,) * 60_000))
    start = time.process_time()
    run = warm.ask(question, backend, 0.1, 1500)
    assert run.outcome is Outcome.TIMEOUT
    assert "being written" in run.detail
    assert time.process_time() - start < 1.2


def test_a_session_outlives_questions_without_time_and_other_limits() -> None:
    with Engine(cache=None) as engine:
        ask(engine, SQRT2, "redlog")
        session = engine._warm["redlog"].session
        for wall_s in (0, 0.001, -1):
            run = ask(engine, POSITIVE, "redlog", wall_s)
            assert (run.outcome, run.detail) == (Outcome.TIMEOUT, "no time was left")
        for memory_mib in (1501, 1499, 2000, 1400):
            assert engine.ask(POSITIVE, "redlog", 20, memory_mib).outcome is Outcome.ANSWERED
        assert engine._warm["redlog"].session is session
        assert engine.ask(POSITIVE, "redlog", 20, 700).outcome is Outcome.ANSWERED
        assert engine._warm["redlog"].session is not session  # within its limit, or not at all


def test_starting_java_is_not_charged_to_the_question() -> None:
    with Engine(cache=None) as engine:
        run = engine.ask(SQRT2, "redlog", 0.5, 1500)  # Java alone takes longer to start
        assert run.outcome is Outcome.ANSWERED
        assert run.seconds < 0.5
    with Engine(cache=None) as engine:
        run = engine.ask(SQRT2, "redlog", 30, 1500, clock=Clock.of(0.2))  # but to the whole
        assert run.outcome is Outcome.TIMEOUT
        assert run.detail.startswith("while starting: ")


def test_the_real_qepcad_gets_more_primes_when_they_run_out(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = engine.find("qepcad")
    assert isinstance(found, Found)
    few = tmp_path / "qepcad"
    few.write_text(
        f'#!/bin/sh\ncase "$*" in *+L*|-v) ;; *) set -- "$@" +L1;; esac\nexec {found.path} "$@"\n'
    )
    few.chmod(0o755)
    monkeypatch.setenv("CADLINK_QEPCAD", str(few))
    p = 10**80 * X * X + 3**150 * X * Y - 7**90
    q = 11**70 * Y * Y - 13**60 * X + 17**50
    question = exists(["x", "y"], conj(Atom(p, Rel.EQ), Atom(q, Rel.EQ)))
    with Engine(cache=None) as starved:
        assert starved.find("qepcad").path == few  # type: ignore[union-attr]
        run = ask(starved, question, "qepcad")
    assert run.answer is not None
    assert run.answer == ask(engine, question, "qepcad").answer
    few.write_text(f'#!/bin/sh\nexec {found.path} "$@" +L1\n')  # and never more
    with Engine(cache=None) as starved:
        run = ask(starved, question, "qepcad")
    assert (run.outcome, run.detail) == (Outcome.CRASHED, "IPRES: Prime list exhausted")


def test_z3_may_say_how_it_divides_by_zero(engine: Engine) -> None:
    b, c = Polynomial.variable("b"), Polynomial.variable("c")
    for first in (A * X - b, A * X * X - b, A * X - b - c, A * X * X + b * X + c, A * X + b * Y):
        body = conj(Atom(first, Rel.EQ), Atom(A, Rel.NE))
        run = ask(engine, exists(free_variables(body), body), "z3")
        assert run.answer is not None, run
        assert run.answer.formula == TRUE
        assert run.answer.model is not None
        point = dict.fromkeys(free_variables(body), Fraction(0)) | dict(run.answer.model)
        assert evaluate(body, point)


@pytest.mark.parametrize(
    ("variable", "value"), [("CADLINK_QEPCAD", "/etc/passwd"), ("CADLINK_JAVA", "/bin/false")]
)
def test_a_wrong_variable_is_said_once(variable: str, value: str) -> None:
    code = (
        "warnings.simplefilter('default')\n"
        "for _ in range(2):\n"
        "    with Engine(cache=None) as engine:\n"
        "        print(engine.available())\n"
    )
    process = cadlink(code, **{variable: value})
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out.count("z3") == 2
    assert errors.count(f"BackendWarning: {variable}={value}: ") == 1


# --- programs that misbehave ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        ("garbage.py", Outcome.GARBLED),
        ("flood.py", Outcome.OVERFLOW),
        ("deaf.py", Outcome.TIMEOUT),
        ("leaves_a_child.py", Outcome.GARBLED),
        ("dies.py", Outcome.CRASHED),
        ("silent.py", Outcome.GARBLED),
        ("sleeper.py", Outcome.TIMEOUT),
        ("hungry.py", Outcome.MEMORY),
    ],
)
@pytest.mark.parametrize("backend", ["qepcad", "z3"])
def test_misbehaviour_is_an_outcome(
    engine: Engine, fake: Fake, backend: str, script: str, outcome: Outcome
) -> None:
    fake(backend, script)
    wall_s = 0.8 if outcome is Outcome.TIMEOUT else 30
    run = engine.ask(SQRT2, backend, wall_s, 300)
    assert (run.outcome, run.answer) == (outcome, None)
    assert run.detail
    assert run.seconds < 10
    assert stored(engine) == 0


def test_too_few_cells_is_tried_again_with_more(engine: Engine, fake: Fake) -> None:
    fake("qepcad", "small_qepcad.py")
    run = engine.ask(SQRT2, "qepcad", 60, 4096)
    assert run.outcome is Outcome.ANSWERED
    run = engine.ask(POSITIVE, "qepcad", 60, 120)  # no room for more
    assert run.outcome is Outcome.MEMORY


@pytest.mark.parametrize(
    ("plan", "outcome"),
    [
        ("true$", Outcome.ANSWERED),
        ("die", Outcome.CRASHED),
        ("leave", Outcome.CRASHED),
        ("nothing", Outcome.GARBLED),
        ("stale", Outcome.GARBLED),
        ("true", Outcome.GARBLED),
        ("true$_true$", Outcome.GARBLED),
        ("*****_Zero_divisor_true$", Outcome.CRASHED),
        ("ex(v1,v1=0)$", Outcome.PARTIAL),
        ("hang", Outcome.TIMEOUT),
        ("eat", Outcome.MEMORY),
    ],
)
def test_a_session_that_misbehaves(
    engine: Engine,
    fake: Fake,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    plan: str,
    outcome: Outcome,
) -> None:
    fake("redlog", "reduce.py")
    words = tmp_path / "plan"
    words.write_text(plan)
    monkeypatch.setenv("FAKE_REDUCE", str(words))
    run = engine.ask(SQRT2, "redlog", 1.5 if plan == "hang" else 20, 300)
    assert run.outcome is outcome, run
    assert stored(engine) == (outcome is Outcome.ANSWERED)
    run = engine.ask(POSITIVE, "redlog", 20, 300)  # answers true: it is only a stand-in
    assert run.outcome is Outcome.ANSWERED


@pytest.mark.parametrize("trouble", ["die", "leave", "nothing", "eat"])
def test_trouble_in_an_old_session_is_tried_again_in_a_fresh_one(
    engine: Engine, fake: Fake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, trouble: str
) -> None:
    fake("redlog", "reduce.py")
    words = tmp_path / "plan"
    words.write_text(f"true$ {trouble} true$")
    monkeypatch.setenv("FAKE_REDUCE", str(words))
    assert engine.ask(SQRT2, "redlog", 20, 300).outcome is Outcome.ANSWERED
    assert engine.ask(POSITIVE, "redlog", 20, 300).outcome is Outcome.ANSWERED
    words.write_text(f"{trouble} {trouble} true$")  # twice: then it is the question's own fault
    question = exists(["x", "y"], conj(Atom(X * Y - 1, Rel.EQ), Atom(X - Y, Rel.EQ)))
    assert engine.ask(question, "redlog", 20, 300).outcome is not Outcome.ANSWERED


@pytest.mark.parametrize("script", ["leaves_a_child.py", "dies.py", "flood.py", "silent.py"])
def test_a_session_that_does_not_start(
    engine: Engine, fake: Fake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str
) -> None:
    path = tmp_path / "redcsl"
    path.write_text(
        f'#!/bin/sh\nif [ "$1" = -w ]; then exec "{sys.executable}" "{MISBEHAVING / script}"; fi\n'
        'echo "Reduce (fake)"\n'
    )
    path.chmod(0o755)
    monkeypatch.setenv("CADLINK_REDLOG", str(path))
    clock = Clock.of(1.5) if script == "silent.py" else UNLIMITED
    run = engine.ask(SQRT2, "redlog", 20, 300, clock=clock)
    expected = {"silent.py": Outcome.TIMEOUT, "flood.py": Outcome.OVERFLOW}
    assert run.outcome is expected.get(script, Outcome.CRASHED)
    assert run.detail.startswith("while starting: ")


# --- the cache --------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["qepcad", "redlog"])
def test_a_second_time_comes_from_the_cache(
    engine: Engine, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ask(engine, SQUARE, backend)
    renamed = exists(["z"], Atom(Polynomial.variable("z") ** 2 - Polynomial.variable("b"), Rel.EQ))
    with Engine(engine.cache) as other:
        again, same = ask(other, SQUARE, backend), ask(other, renamed, backend)
        assert other._warm == {}
    assert (first.cached, again.cached, same.cached) == (False, True, True)
    assert again.answer == first.answer
    assert again.transcript_sha256 == first.transcript_sha256
    assert same.answer is not None
    assert free_variables(same.answer.formula) == ("b",)  # the same text, our names for it
    assert stored(engine) == 1


def test_another_version_is_asked_afresh(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(engine, SQRT2, "qepcad")
    found = engine._found["qepcad"]
    engine._found["qepcad"] = type(found)(**{**vars(found), "version": "1.75"})
    assert not ask(engine, SQRT2, "qepcad").cached
    assert stored(engine) == 2


def damage(cache: Cache, stdout: str) -> None:
    """Replace a stored transcript, digest included: what only an attacker or a bug would do."""
    assert cache.path is not None
    connection = sqlite3.connect(cache.path)
    with connection:
        (err,) = connection.execute("SELECT stderr FROM answers").fetchone()
        digest = transcript_digest(stdout, zlib.decompress(err).decode())
        packed = zlib.compress(stdout.encode())
        connection.execute("UPDATE answers SET stdout = ?, digest = ?", (packed, digest))
    connection.close()


def test_what_the_reader_refuses_is_no_hit(engine: Engine) -> None:
    ask(engine, SQRT2, "qepcad")
    damage(engine.cache, "TRUE")
    run = ask(engine, SQRT2, "qepcad")
    assert (run.outcome, run.cached) == (Outcome.ANSWERED, False)
    assert ask(engine, SQRT2, "qepcad").cached  # repaired


def test_verifying_a_sample(engine: Engine) -> None:
    ask(engine, SQRT2, "qepcad")
    ask(engine, SQUARE, "redlog")
    found = engine.verify_cache(memory_mib=1500)
    assert [comparison.result for comparison in found] == ["same", "same"]


def test_verifying_finds_a_wrong_entry(engine: Engine) -> None:
    ask(engine, SQRT2, "qepcad")
    (entry,) = engine.cache.sample(1)
    damage(engine.cache, entry.stdout.replace("\nTRUE\n", "\nFALSE\n"))
    (found,) = engine.verify_cache()
    assert (found.result, found.stored, found.today) == ("contradiction", "false", "true")


def test_verifying_compares_sets_not_texts(engine: Engine) -> None:
    ask(engine, SQUARE, "qepcad")
    (entry,) = engine.cache.sample(1)
    assert "\nv1 >= 0\n" in entry.stdout
    damage(engine.cache, entry.stdout.replace("v1 >= 0", "v1 = 0 \\/ v1 > 0"))
    assert engine.verify_cache()[0].result in ("same", "equivalent")
    damage(engine.cache, entry.stdout.replace("v1 >= 0", "v1^3 - v1^2 + v1 >= 0"))
    assert engine.verify_cache()[0].result in ("same", "equivalent")
    damage(engine.cache, entry.stdout.replace("v1 >= 0", "v1 > 0"))
    (found,) = engine.verify_cache()
    assert found.result == "contradiction"


def test_a_broken_cache_stops_nothing(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    path.write_bytes(b"nothing of the kind" * 100)
    with Engine(Cache(path)) as engine:
        with pytest.warns(CacheWarning):
            assert ask(engine, SQRT2, "qepcad").outcome is Outcome.ANSWERED
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert ask(engine, SQRT2, "qepcad").outcome is Outcome.ANSWERED


# --- other processes --------------------------------------------------------------------------

PROGRAM = """
import sys, warnings
warnings.simplefilter("error")
from cadlink.backends.engine import Engine
from cadlink.logic.formula import Atom, Rel, exists
from cadlink.logic.polynomial import Polynomial
x = Polynomial.variable("x")
"""


def cadlink(code: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM + code],
        env={**os.environ, **environment},
        stdout=-1,
        stderr=-1,
        text=True,
        start_new_session=True,
    )


def test_two_processes_at_once(tmp_path: Path) -> None:
    code = (
        "with Engine() as engine:\n"
        "    for n in range(2, 12):\n"
        "        run = engine.ask(exists(['x'], Atom(x * x - n, Rel.EQ)), 'z3', 30, 500)\n"
        "        assert run.outcome.value == 'answered', run\n"
    )
    path = tmp_path / "shared.sqlite"
    both = [cadlink(code, CADLINK_CACHE=str(path)) for _ in range(2)]
    assert [one.communicate()[1] for one in both] == ["", ""]
    assert [one.returncode for one in both] == [0, 0]
    assert Cache(path).info().entries == 10


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("backend", ["qepcad", "redlog"])
def test_ctrl_c_and_kill_in_the_middle_of_a_question(
    number: signal.Signals, backend: str, alive: Alive
) -> None:
    code = (
        "from cadlink.logic import encode\nfrom cadlink.patterns.pattern import Pattern\n"
        "hard = encode.sentence(Pattern.of([['11', '01'], ['10', '11']]), norm='euclidean')\n"
        "engine = Engine(cache=None)\n"
        f"engine.ask(exists(['x'], Atom(x * x - 2, Rel.EQ)), {backend!r}, 30, 1500)\n"
        "print('asking', flush=True)\n"
        f"engine.ask(hard, {backend!r}, 300, 1500)\n"
    )
    with cadlink(code) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "asking\n"
        time.sleep(0.7)
        assert len(alive()) >= 3  # cadlink, the watchdog, the program
        os.killpg(process.pid, number)  # as a terminal does; the program is in another session
        _, errors = process.communicate(timeout=10)
    assert process.returncode == -number
    if number is signal.SIGINT:
        assert "KeyboardInterrupt" in errors
        assert alive() == []  # at once: cadlink waited for them
