"""The one place that sees reductions, search, backends and kernel: pattern in, decision out.

    pattern -> tree of exact reductions -> open leaves settled by search and backends
            -> the tree is the certificate -> the kernel re-checks it -> decision

A verdict is returned only with a certificate the kernel has accepted.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TypeAlias

from cadlink import encode
from cadlink.backends.base import Outcome
from cadlink.certificates import kernel
from cadlink.certificates.data import Certificate, Proof
from cadlink.decision import (
    Assurance,
    Decision,
    Limits,
    UnknownReason,
    Verdict,
    leaf_rules,
)
from cadlink.engine import Engine, Run
from cadlink.errors import CertificateError, InputError
from cadlink.formula import FALSE, TRUE
from cadlink.pattern import Pattern
from cadlink.problem import Group
from cadlink.reductions.chain import Tree, reduce, verdict
from cadlink.reductions.step import Conclusion, Problem
from cadlink.settle import Contradiction, Desk, claim, settle

__all__ = ["METHODS", "Decider", "Lookup", "Settled", "decide"]

METHODS = ("auto", "sentence")

# A store of proofs: a proof about this very problem, or None.  It is not trusted: see ``decide``.
Lookup: TypeAlias = Callable[[Problem], "Proof | None"]


@dataclass(frozen=True)
class Settled:
    """What became of one reduced problem.

    ``conclusion`` is "free", "closed" or "not_closed", as the kernel found from ``proof``, resting
    on the claims ``holes``; or None, for the ``reason`` given.
    """

    conclusion: str | None
    seconds: float
    proof: Proof | None = None
    holes: tuple[str, ...] = ()
    reason: UnknownReason | None = None
    detail: str = ""
    runs: tuple[Run, ...] = ()


class Decider:
    """Decides many patterns with one engine, settling every reduced group only once.

    A context manager: leaving it stops the warm backend sessions it started.  ``decide`` below is
    the same for a single pattern.

    >>> from cadlink import Pattern
    >>> with Decider() as decider:
    ...     decider.decide(Pattern.of([["11", "01"], ["10", "11"]])).verdict.value
    'not_closed'
    """

    def __init__(self, engine: Engine | None = None, lookup: Lookup | None = None) -> None:
        self._own = engine is None
        self.engine = Engine() if engine is None else engine
        self._lookup = lookup
        self._settled: dict[Group, Proof] = {}

    def __enter__(self) -> Decider:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
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
        problem; what it gives is checked like everything else, and not used if it is rejected.
        """
        if method not in METHODS:
            raise InputError(f"method {method!r}: expected one of {', '.join(METHODS)}")
        limits = Limits() if limits is None else limits
        start = time.monotonic()
        desk = Desk(self.engine, start + limits.wall_s, limits.memory_mib, progress, seed)
        trouble: Exception | None = None
        proof: Proof | None = None
        if self._lookup is not None and method == "auto":
            proof = self._lookup(pattern)
            if proof is not None:
                decision = self._checked(pattern, proof, desk, start)
                if decision.verdict is not Verdict.UNKNOWN:
                    return decision
        try:
            if method == "sentence":
                proof = _by_sentence(pattern, desk, backend, norm)
            else:
                proof = self._prove(reduce(pattern, deadline=desk.deadline), desk)
        except Contradiction as error:
            trouble = error
        if proof is None:
            return self._unknown(pattern, desk, trouble, start)
        return self._checked(pattern, proof, desk, start)

    def settle(
        self,
        problem: Problem,
        limits: Limits | None = None,
        progress: Callable[[str], None] | None = None,
        seed: int = 0,
    ) -> Settled:
        """Prove what can be proved about a reduced problem: a group, or a chain that stayed open.

        >>> from cadlink.problem import Group
        >>> with Decider() as decider:
        ...     decider.settle(Group.of([{(0, 0), (0, 1), (1, 0)}])).conclusion
        'not_closed'
        """
        limits = Limits() if limits is None else limits
        start = time.monotonic()
        desk = Desk(self.engine, start + limits.wall_s, limits.memory_mib, progress, seed)
        trouble: Exception | None = None
        proof: Proof | None = None
        try:
            proof = self._prove(reduce(problem, deadline=desk.deadline), desk)
        except Contradiction as error:
            trouble = error
        if proof is not None:
            try:
                found = _found(problem, proof)
            except CertificateError as error:
                reason, detail = UnknownReason.REJECTED, f"{error}"
            else:
                seconds = time.monotonic() - start
                runs = tuple(desk.runs)
                return Settled(found.conclusion, seconds, proof, found.holes, runs=runs)
        else:
            reason, detail = self._reason(desk, trouble)
        seconds = time.monotonic() - start
        return Settled(None, seconds, reason=reason, detail=detail, runs=tuple(desk.runs))

    # -- results ---------------------------------------------------------------------------

    def _checked(self, pattern: Pattern, proof: Proof, desk: Desk, start: float) -> Decision:
        """The decision, if the kernel accepts the certificate."""
        desk.say("checking the certificate")
        try:
            found = kernel.check_proof(pattern, proof)
        except CertificateError as error:
            return Decision(
                pattern,
                Verdict.UNKNOWN,
                Assurance.NONE,
                method="",
                seconds=time.monotonic() - start,
                reason=UnknownReason.REJECTED,
                detail=f"the kernel rejected the proof found, which is a bug in cadlink: {error}",
                runs=tuple(desk.runs),
            )
        verdict = Verdict.NOT_CLOSED if found.conclusion == "not_closed" else Verdict.CLOSED
        return Decision(
            pattern,
            verdict,
            Assurance.TRUSTED if found.holes else Assurance.CHECKED,
            method=leaf_rules(proof),
            seconds=time.monotonic() - start,
            certificate=Certificate(pattern.to_json(), verdict.value, proof),
            runs=tuple(desk.runs),
        )

    def _unknown(
        self, pattern: Pattern, desk: Desk, trouble: Exception | None, start: float
    ) -> Decision:
        """No verdict, with the most telling reason."""
        reason, detail = self._reason(desk, trouble)
        return Decision(
            pattern,
            Verdict.UNKNOWN,
            Assurance.NONE,
            method="",
            seconds=time.monotonic() - start,
            reason=reason,
            detail=detail,
            runs=tuple(desk.runs),
        )

    def _reason(self, desk: Desk, trouble: Exception | None) -> tuple[UnknownReason, str]:
        """Why there is no verdict, and the same in words."""
        outcomes = {run.outcome for run in desk.runs}
        if trouble is not None:
            reason, detail = UnknownReason.CONTRADICTION, str(trouble)
        elif desk.left() <= 0:
            reason, detail = UnknownReason.TIME, "the time limit was reached; a larger one may help"
        elif not self.engine.available():
            reason, detail = (
                UnknownReason.NO_BACKEND,
                "the rules are silent and no backend is installed; see 'cadlink backends'",
            )
        elif Outcome.MEMORY in outcomes:
            reason, detail = (
                UnknownReason.MEMORY,
                "a backend ran out of memory and no other one answered",
            )
        else:
            reason, detail = (
                UnknownReason.BACKENDS_FAILED,
                "no rule applies, no curve was found, and no backend answered",
            )
        return reason, detail

    # -- proofs ----------------------------------------------------------------------------

    def _prove(self, tree: Tree, desk: Desk) -> Proof | None:
        """A proof about the tree's problem, settling its open leaves on the way."""
        if tree.step is None:
            return self._settle(tree.problem, desk)
        step = tree.step
        if step.conclusion is Conclusion.ALL:
            return self._prove_all(tree, desk)
        if not tree.parts:
            return Proof(step.rule, step.data)
        part = self._prove(tree.parts[0], desk)
        if part is None:
            return None
        obstruction = step.conclusion is Conclusion.OBSTRUCTION
        if obstruction and _conclusion(tree.parts[0].problem, part) != "not_closed":
            return None
        return Proof(step.rule, step.data, (part,))

    def _prove_all(self, tree: Tree, desk: Desk) -> Proof | None:
        """Closed iff every part is; one non-closed part decides, no unknown part may hide it."""
        assert tree.step is not None
        proofs: list[Proof | None] = [None] * len(tree.parts)
        # What the rules settled comes first: it costs nothing and may decide at once.
        order = sorted(range(len(tree.parts)), key=lambda i: verdict(tree.parts[i]) is None)
        for place, index in enumerate(order):
            share = desk.left() / (len(order) - place)
            part = self._prove(tree.parts[index], _until(desk, share))
            if part is None:
                continue
            proofs[index] = part
            if _conclusion(tree.parts[index].problem, part) == "not_closed":
                alone = tuple(part if i == index else None for i in range(len(tree.parts)))
                return Proof(tree.step.rule, tree.step.data, alone)
        if any(proof is None for proof in proofs):
            return None
        return Proof(tree.step.rule, tree.step.data, tuple(proofs))

    def _settle(self, problem: Problem, desk: Desk) -> Proof | None:
        """Settle an open leaf; a group is settled in canonical form and remembered."""
        if not isinstance(problem, Group):
            return self._looked_up(problem) or settle(problem, desk)
        flipped = problem.transpose()
        upright, lying = _canonical(problem), _canonical(flipped)
        turned = lying.picture() < upright.picture()
        source, standard = (flipped, lying) if turned else (problem, upright)
        proof = self._settled.get(standard)
        if proof is None:
            proof = self._looked_up(standard) or settle(standard, desk)
            if proof is None:
                return None
            self._settled[standard] = proof
        if standard != source:
            rows, cols = source.canonical_maps()
            data = {
                "rows": [[old, new] for old, new in sorted(rows.items())],
                "cols": [[old, new] for old, new in sorted(cols.items())],
            }
            proof = Proof("relabel", data, (proof,))
        return Proof("transpose", {}, (proof,)) if turned else proof

    def _looked_up(self, problem: Problem) -> Proof | None:
        """What the look-up knows about a reduced problem, if the kernel accepts it."""
        proof = None if self._lookup is None else self._lookup(problem)
        if proof is None:
            return None
        try:
            _conclusion(problem, proof)
        except CertificateError:
            return None
        return proof


def _canonical(group: Group) -> Group:
    return group.relabel(*group.canonical_maps())


def _until(desk: Desk, share_s: float) -> Desk:
    """The same desk with an earlier deadline; runs are recorded in the same list."""
    return Desk(
        desk.engine,
        min(desk.deadline, time.monotonic() + share_s),
        desk.memory_mib,
        desk.progress,
        desk.seed,
        desk.runs,
    )


def _conclusion(problem: Problem, proof: Proof) -> str:
    """What the kernel says this proof concludes about this problem."""
    return _found(problem, proof).conclusion


def _found(problem: Problem, proof: Proof) -> kernel.Found:
    """What the kernel says about this proof of this problem."""
    if isinstance(problem, Pattern):
        return kernel.check_proof(problem, proof)
    # The kernel knows none of our classes but the pattern.
    cells = [[list(cell) for cell in sorted(graph)] for graph in problem.neurons]
    return kernel.check_proof(cells, proof)


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
            return Proof("claims", {"method": "sentence", "claims": [claim(name, [run])]})
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
    >>> from cadlink import Pattern, decide
    >>> decide(Pattern.of([["11", "01"], ["10", "11"]])).verdict.value
    'not_closed'
    """
    with Decider(engine) as decider:
        return decider.decide(pattern, limits, method, backend, norm, progress, seed)
