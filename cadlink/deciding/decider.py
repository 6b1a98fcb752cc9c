"""The one place that sees reductions, search, backends and kernel: pattern in, decision out.

    pattern -> looked up in a database, or else
            -> tree of exact reductions -> open leaves looked up, or settled by search and backends
            -> the tree is the certificate -> the kernel re-checks it -> decision

A verdict is returned only with a certificate the kernel has accepted.  A proof looked up that rests
on a backend's word comes after the rules and the search for sections: a file may hold a word that
no backend ever gave, and what can be proved is not to be taken on trust.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from cadlink.backends.base import Outcome
from cadlink.backends.engine import Engine, Run
from cadlink.certificates import kernel
from cadlink.certificates.data import Certificate, Proof
from cadlink.clock import Clock
from cadlink.database.queries import Stored
from cadlink.database.shipped import look_up
from cadlink.deciding.decision import (
    Assurance,
    Decision,
    Limits,
    UnknownReason,
    Verdict,
    leaf_rules,
)
from cadlink.deciding.oracle import Contradiction, Desk, by_claims, claim
from cadlink.errors import CertificateError, CheckOverdue, InputError
from cadlink.logic import encode
from cadlink.logic.formula import FALSE, TRUE
from cadlink.patterns.group import Group
from cadlink.patterns.pattern import Pattern
from cadlink.rules.pipeline import Tree, reduce, verdict
from cadlink.rules.pipeline import proof as proof_of
from cadlink.rules.step import Problem, follows, step_proof

__all__ = ["METHODS", "Decider", "Lookup", "Settled", "decide"]

METHODS = ("auto", "sentence")

# Cells times neurons of groups that are brought into canonical form: those that may come again.
MOST_CANONICAL = 20_000

# A store of proofs: a proof about this very problem, or None.  It is not trusted: see ``decide``.
Lookup: TypeAlias = Callable[[Problem], "Stored | None"]


@dataclass(frozen=True)
class Settled:
    """What became of one reduced problem.

    ``conclusion`` is "free", "closed" or "not_closed", as the kernel found from ``proof``, resting
    on the claims ``holes``, some of them read in the file ``source`` if that is named; or None, for
    the ``reason`` given.
    """

    conclusion: str | None
    seconds: float
    proof: Proof | None = None
    holes: tuple[str, ...] = ()
    reason: UnknownReason | None = None
    detail: str = ""
    runs: tuple[Run, ...] = ()
    certificate: Certificate | None = None  # of a pattern
    source: str = ""


class Decider:
    """Decides many patterns with one engine, settling every reduced group only once.

    A context manager: leaving it stops the warm backend sessions it started.  ``decide`` below is
    the same for a single pattern.  ``lookup`` is asked first for a proof: by default the database
    that comes with the package (``database/shipped.py``), ``PatternDatabase.lookup`` of another
    one, or None.

    >>> from cadlink import Pattern
    >>> with Decider() as decider:
    ...     decider.decide(Pattern.of([["11", "01"], ["10", "11"]])).verdict.value
    'not_closed'
    """

    def __init__(self, engine: Engine | None = None, lookup: Lookup | None = look_up) -> None:
        self._own = engine is None
        self.engine = Engine() if engine is None else engine
        self._lookup = lookup
        self._settled: dict[Group, Stored] = {}  # with no source if it is our own
        self._source = ""  # the file whose word the attempt under way rests on

    def __enter__(self) -> Decider:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop what this decider started."""
        if self._own:
            self.engine.close()

    def decide(
        self,
        pattern: Pattern,
        limits: Limits | None = None,
        method: str = "auto",
        backend: str | None = None,
        norm: str = "euclidean",
        progress: Callable[[str], None] | None = None,
        seed: int = 0,
    ) -> Decision:
        """Decide whether the products with these supports form a closed set; see :func:`decide`.

        A look-up, if there is one, is asked first about the pattern and later about each reduced
        problem; what it gives is checked like everything else, and not used if it is rejected.  A
        proof from it that rests on a backend's word is used only where the rules are silent and no
        sections are found.
        """
        if method not in METHODS:
            raise InputError(f"method {method!r}: expected one of {', '.join(METHODS)}")
        desk = self._desk(limits, progress, seed)

        def prove() -> Proof | None:
            if method == "sentence":
                return _by_sentence(pattern, desk, backend, norm)
            return self._prove_pattern(pattern, desk)

        settled = self._attempt(pattern, desk, prove)
        certificate = settled.certificate
        if certificate is None:
            verdict, assurance = Verdict.UNKNOWN, Assurance.NONE
        else:
            verdict = Verdict(certificate.verdict)
            assurance = Assurance.TRUSTED if settled.holes else Assurance.CHECKED
        return Decision(
            pattern,
            verdict,
            assurance,
            method="" if settled.proof is None else leaf_rules(settled.proof),
            seconds=settled.seconds,
            reason=settled.reason,
            detail=settled.detail,
            certificate=certificate,
            runs=settled.runs,
            source=settled.source,
        )

    def settle(
        self,
        problem: Problem,
        limits: Limits | None = None,
        progress: Callable[[str], None] | None = None,
        seed: int = 0,
    ) -> Settled:
        """Prove what can be proved about a reduced problem: a group, or a chain that stayed open.

        >>> from cadlink.patterns.group import Group
        >>> with Decider() as decider:
        ...     decider.settle(Group.of([{(0, 0), (0, 1), (1, 0)}])).conclusion
        'not_closed'
        """
        desk = self._desk(limits, progress, seed)
        return self._attempt(problem, desk, lambda: self._reduced(problem, desk))

    # -- results ---------------------------------------------------------------------------

    def _desk(
        self, limits: Limits | None, progress: Callable[[str], None] | None, seed: int
    ) -> Desk:
        limits = Limits() if limits is None else limits
        return Desk(self.engine, Clock.of(limits.wall_s), limits.memory_mib, progress, seed)

    def _attempt(self, problem: Problem, desk: Desk, prove: Callable[[], Proof | None]) -> Settled:
        """What ``prove`` finds, if the kernel accepts it; otherwise why there is nothing."""
        start = time.monotonic()
        self._source = ""
        try:
            proof = prove()
            if proof is not None:
                desk.say("checking the certificate")
                found = _found(problem, proof, desk)
                certificate = _certified(problem, proof, found, desk)
                return Settled(
                    found.conclusion,
                    time.monotonic() - start,
                    proof,
                    found.holes,
                    runs=tuple(desk.runs),
                    certificate=certificate,
                    source=self._source if found.holes else "",
                )
            reason, detail = self._silence(desk)
        except Contradiction as error:
            reason, detail = UnknownReason.CONTRADICTION, str(error)
        except CheckOverdue:
            reason, detail = UnknownReason.TIME, "the time limit was reached while checking a proof"
        except CertificateError as error:
            reason = UnknownReason.REJECTED
            detail = f"the kernel rejected the proof found, which is a bug in cadlink: {error}"
        seconds = time.monotonic() - start
        return Settled(None, seconds, reason=reason, detail=detail, runs=tuple(desk.runs))

    def _silence(self, desk: Desk) -> tuple[UnknownReason, str]:
        """Why nobody found a proof, and the same in words."""
        if desk.left() <= 0:
            return UnknownReason.TIME, "the time limit was reached; a larger one may help"
        if not self.engine.available():
            return (
                UnknownReason.NO_BACKEND,
                "the rules are silent and no backend is installed; see 'cadlink backends'",
            )
        if any(run.outcome is Outcome.MEMORY for run in desk.runs):
            return UnknownReason.MEMORY, "a backend ran out of memory and no other one answered"
        return (
            UnknownReason.BACKENDS_FAILED,
            "no rule applies, no curve was found, and no backend answered",
        )

    # -- proofs ----------------------------------------------------------------------------

    def _reduced(self, problem: Problem, desk: Desk) -> Proof | None:
        """A proof by the rules and, where they leave something open, by everything else."""
        found = self._prove(reduce(problem, desk.clock), desk)
        return None if found is None else found[1]

    def _prove_pattern(self, pattern: Pattern, desk: Desk) -> Proof | None:
        """A proof looked up, or by the rules, or looked up and resting on a word, or worked out."""
        stored, word = self._looked_up(pattern, desk)
        if stored is None:
            return self._reduced(pattern, desk)
        if not word:
            return stored.proof
        found = self._prove(reduce(pattern, desk.clock), desk, words=False)
        return self._on_its_word(stored) if found is None else found[1]

    def _prove(self, tree: Tree, desk: Desk, words: bool = True) -> tuple[str, Proof] | None:
        """What can be concluded about the tree's problem, and the proof; open leaves are settled on
        the way, without ``words`` only by proofs that rest on no backend's."""
        if tree.step is None:
            found = self._settle(tree.problem, desk, words)
            if found is None:
                return None
            try:
                return _found(tree.problem, found, desk).conclusion, found
            except CheckOverdue:  # the part's share of the time is over, not all the time
                return None
        answers: list[str | None] = [None] * len(tree.parts)
        proofs: list[Proof | None] = [None] * len(tree.parts)
        # What the rules settled comes first: it costs nothing and may decide at once.
        order = sorted(range(len(tree.parts)), key=lambda i: verdict(tree.parts[i]) is None)
        for place, index in enumerate(order):
            share = desk.left() / (len(order) - place)
            part = self._prove(tree.parts[index], _until(desk, share), words)
            if part is not None:
                answers[index], proofs[index] = part
            if answers[index] == "not_closed":
                break
        conclusion = follows(tree.step.conclusion, answers)
        return None if conclusion is None else (conclusion, step_proof(tree.step, answers, proofs))

    def _settle(self, problem: Problem, desk: Desk, words: bool) -> Proof | None:
        """Settle an open leaf; a group is settled in canonical form and remembered."""
        if desk.left() <= 0:
            return None
        if not isinstance(problem, Group):
            found = self._worked_out(problem, False, desk, words)
            return None if found is None else self._on_its_word(found)
        if len(problem.cells) * len(problem.neurons) > MOST_CANONICAL:
            return _searched(problem, desk, words)
        flipped = problem.transpose()
        upright, lying = problem.canonical(), flipped.canonical()
        turned = lying.picture() < upright.picture()
        source, standard = (flipped, lying) if turned else (problem, upright)
        if standard not in self._settled:
            found = self._worked_out(standard, standard != problem, desk, words)
            if found is None:
                return None
            self._settled[standard] = found
        proof = self._on_its_word(self._settled[standard])
        if standard != source:
            rows, cols = source.canonical_maps()
            data = {
                "rows": [[old, new] for old, new in sorted(rows.items())],
                "cols": [[old, new] for old, new in sorted(cols.items())],
            }
            proof = Proof("relabel", data, (proof,))
        return Proof("transpose", {}, (proof,)) if turned else proof

    def _worked_out(self, problem: Problem, fresh: bool, desk: Desk, words: bool) -> Stored | None:
        """A proof about a reduced problem: looked up, by the rules if they have not seen it so
        (``fresh``), by search; a word that was looked up only where sections are silent."""
        stored, word = self._looked_up(problem, desk)
        if stored is not None and not word:
            return stored
        if fresh:
            # Some rules search greedily, and may succeed in another order of rows and columns.
            tree = reduce(problem, desk.clock)
            if verdict(tree) is not None:
                return Stored(proof_of(tree), "")
        proof = _searched(problem, desk, words and stored is None)
        if proof is not None:
            return Stored(proof, "")
        return stored if words else None

    def _looked_up(self, problem: Problem, desk: Desk) -> tuple[Stored | None, bool]:
        """What the look-up knows about a problem, if the kernel accepts it; whether it is a word.

        A proof without holes owes nothing to its file, which is not named then.
        """
        stored = None if self._lookup is None else self._lookup(problem)
        if stored is None:
            return None, False
        try:
            holes = _found(problem, stored.proof, desk).holes
        except CertificateError:
            return None, False
        return (stored, True) if holes else (Stored(stored.proof, ""), False)

    def _on_its_word(self, stored: Stored) -> Proof:
        """The proof, its file noted."""
        self._source = stored.source or self._source
        return stored.proof


def _searched(problem: Problem, desk: Desk, words: bool) -> Proof | None:
    """What search finds about an open problem, and with ``words`` what backends say."""
    from cadlink.deciding import strategies  # late: most patterns are decided by the rules

    return strategies.settle(problem, desk) if words else strategies.by_sections(problem, desk)


def _until(desk: Desk, share_s: float) -> Desk:
    """The same desk with an earlier deadline; runs are recorded in the same list."""
    return replace(desk, clock=desk.clock.at_most(share_s))


def _found(problem: Problem, proof: Proof, desk: Desk) -> kernel.Found:
    """What the kernel says about this proof of this problem."""
    if isinstance(problem, Pattern):
        return kernel.check_proof(problem, proof, desk.clock.deadline)
    # The kernel knows none of our classes but the pattern.
    return kernel.check_proof(problem.to_json(), proof, desk.clock.deadline)


def _certified(
    problem: Problem, proof: Proof, found: kernel.Found, desk: Desk
) -> Certificate | None:
    """The certificate about a pattern, after the kernel has read and accepted this very object."""
    if not isinstance(problem, Pattern):
        return None
    verdict = Verdict.NOT_CLOSED if found.conclusion == "not_closed" else Verdict.CLOSED
    certificate = Certificate(problem.to_json(), verdict.value, proof)
    kernel.check(certificate, problem, desk.clock.deadline)
    return certificate


def _by_sentence(pattern: Pattern, desk: Desk, backend: str | None, norm: str) -> Proof | None:
    """The paper's route untouched: (S) to one backend, or to each in turn."""
    question = encode.sentence(pattern, norm=norm, full=True)
    names = [backend] if backend is not None else desk.engine.available()
    for place, name in enumerate(names):
        wall = desk.left() / (len(names) - place)
        run = desk.ask(question, name, wall, "the set is not closed (the whole sentence)")
        said = run.answer.formula if run.outcome is Outcome.ANSWERED and run.answer else None
        if said in (TRUE, FALSE):
            name = "not_closed" if said == TRUE else "closed"
            return by_claims("sentence", claim(name, [run]))
    return None


def decide(
    pattern: Pattern,
    limits: Limits | None = None,
    method: str = "auto",
    backend: str | None = None,
    norm: str = "euclidean",
    engine: Engine | None = None,
    progress: Callable[[str], None] | None = None,
    seed: int = 0,
    lookup: Lookup | None = look_up,
) -> Decision:
    """Decide whether the set of products X_L ... X_1 with supp(X_l) inside the masks is closed.

    Parameters
    ----------
    pattern : Pattern
        The chain of masks, first layer first.
    limits : Limits, optional
        Total wall time and memory per backend; default 60 s, 4096 MiB.
    method : "auto" or "sentence"
        "auto" is the chain of exact reductions with search and backends behind it; "sentence"
        hands the paper's sentence, as it stands, to a backend.
    backend : str, optional
        For "sentence": the one backend to ask.  Default: every installed one in turn.
    norm : "euclidean" or "max"
        For "sentence": how nearness is written.
    engine : Engine, optional
        To share warm sessions between calls; by default one is made and closed.
    progress : callable, optional
        Called with a short text whenever something slow begins.
    seed : int
        Seed of the random choices of the search.
    lookup : callable or None
        Asked first for a proof about the pattern, then about each reduced problem left open; what
        it gives goes through the kernel like everything else.  Default: the database that comes
        with the package, or that CADLINK_DATABASE names.  None: nothing is looked up.

    Returns
    -------
    Decision
        With a certificate the kernel accepted, or UNKNOWN with its reason.

    Raises
    ------
    InputError
        For an unknown method, norm or backend name.
    BackendMissing
        If the backend named is not installed.

    References
    ----------
    Q.-T. Le, E. Riccietti, R. Gribonval, "Does a sparse ReLU network training problem always admit
    an optimum?", NeurIPS 2023, arXiv 2306.02666.

    Examples
    --------
    >>> from cadlink import Pattern
    >>> from cadlink import decide
    >>> decide(Pattern.of([["11", "01"], ["10", "11"]])).verdict.value
    'not_closed'
    """
    with Decider(engine, lookup) as decider:
        return decider.decide(pattern, limits, method, backend, norm, progress, seed)
