"""Classic problems of quantifier elimination, each with its known answer, put to every backend.

    python scripts/bench_qe.py [--limit 10] [--only NAME ...] [--write]
    python scripts/bench_qe.py --languages [--limit 30] [--record]

An answer is compared with the known one by z3; ``--write`` puts the table into RESULTS.md.  With
``--languages``, ten formulas of public reports of bugs in programs of this kind, and ten classics,
are each given as text, as sympy's and as an SMT-LIB script, all written by hand.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable
from typing import Any

import results
import sympy
from sympy import And, Eq, Implies, Not, Or

from cadlink import Limits, qe
from cadlink.backends import REGISTRY
from cadlink.backends.engine import Engine
from cadlink.logic.encode import differ
from cadlink.logic.formula import FALSE, Formula, conj, free_variables

a, b, c, d, p, q, r, t, u, v, w, x, y, z = sympy.symbols("a b c d p q r t u v w x y z")
A, D = sympy.symbols("a1:5"), sympy.symbols("d1:5")
s = sympy.Rational(17, 16) * t

# name -> (formula, what it is equivalent to)
PROBLEMS = {
    "monic quadratic": ("exists x: x^2 + b*x + c = 0", "b^2 >= 4*c"),
    "quadratic": (
        "exists x: a*x^2 + b*x + c = 0",
        "a != 0 and b^2 >= 4*a*c or a = 0 and (b != 0 or c = 0)",
    ),
    "positive quadratic": (
        "forall x: a*x^2 + b*x + c > 0",
        "a > 0 and b^2 < 4*a*c or a = 0 and b = 0 and c > 0",
    ),
    "quadratic not negative": (
        "forall x: a*x^2 + b*x + c >= 0",
        "a > 0 and b^2 <= 4*a*c or a = 0 and b = 0 and c >= 0",
    ),
    "two roots": (
        "exists x, y: x != y and x^2 + b*x + c = 0 and y^2 + b*y + c = 0",
        "b^2 > 4*c",
    ),
    "positive root": ("exists x: x > 0 and x^2 + b*x + c = 0", "b^2 >= 4*c and (b < 0 or c < 0)"),
    "two negative roots": (
        "exists x, y: x < 0 and y < 0 and x + y = -b and x*y = c",
        "b > 0 and c > 0 and b^2 >= 4*c",
    ),
    "sum and product": ("exists x, y: x*y = p and x + y = s", "s^2 >= 4*p"),
    "cubic has a root": ("forall p, q: exists x: x^3 + p*x + q = 0", "true"),
    "cubic with three roots": (
        "exists x, y, z: x < y < z and x^3 + p*x + q = 0 and y^3 + p*y + q = 0"
        " and z^3 + p*z + q = 0",
        "4*p^3 + 27*q^2 < 0",
    ),
    "cubic on the half-line": (
        "forall x: x >= 0 implies x^3 + p*x + q >= 0",
        "q >= 0 and (p >= 0 or 4*p^3 + 27*q^2 >= 0)",
    ),
    "biquadratic": ("forall x: x^4 + p*x^2 + r >= 0", "r >= 0 and (p >= 0 or p^2 <= 4*r)"),
    "common root": ("exists x: x^2 = p and x = q", "p = q^2"),
    "parabola and line": ("exists x: y = x^2 and y = x + 2", "y = 1 or y = 4"),
    "circle and line": ("exists x, y: x^2 + y^2 = 1 and y = m*x + k", "k^2 <= 1 + m^2"),
    "Davenport-Heintz": (
        "exists c: forall b, a: (a = d and b = c) or (a = c and b = 1) implies a^2 = b",
        "d = 1 or d = -1",
    ),
    "Whitney umbrella": (
        "exists u, v: x = u*v and y = v and z = u^2",
        "x^2 = y^2*z and z >= 0",
    ),
    "collision": (
        "exists t, x, y: 17/16*t >= 6 and 17/16*t <= 10 and x >= 17/16*t - 1 and x <= 17/16*t + 1"
        " and y >= 17/16*t - 9 and y <= 17/16*t - 7 and (x - t)^2 + y^2 <= 1",
        "true",
    ),
    "ellipse in the circle": (
        "0 < a and 0 < b and (forall x, y: b^2*x^2 + a^2*y^2 = a^2*b^2 implies x^2 + y^2 <= 1)",
        "0 < a <= 1 and 0 < b <= 1",
    ),
    "ellipse in a disc": (
        "forall x, y: x^2 + 4*y^2 = 4 implies x^2 + y^2 <= r",
        "r >= 4",
    ),
    "shadow of the sphere": ("exists z: x^2 + y^2 + z^2 = 1", "x^2 + y^2 <= 1"),
    "shadow of a torus": (
        "exists z: (x^2 + y^2 + z^2 + 3)^2 = 16*(x^2 + y^2)",
        "1 <= x^2 + y^2 <= 9",
    ),
    "hyperbola": ("exists x: x*y = 1", "y != 0"),
    "arc of a parabola": ("exists t: 0 <= t <= 1 and x = t and y = t^2", "y = x^2 and 0 <= x <= 1"),
    "envelope": ("forall t: x*t - t^2 <= y", "x^2 <= 4*y"),
    "range of x(1 - x)": ("exists x: 0 <= x <= 1 and m = x*(1 - x)", "0 <= m <= 1/4"),
    "range of x/(1 + x^2)": ("exists x: m*(1 + x^2) = x", "-1/2 <= m <= 1/2"),
    "bound on an interval": ("forall x: 0 <= x <= 1 implies x^2 + a*x <= 0", "a <= -1"),
    "linear": ("exists x: a*x = b", "a != 0 or b = 0"),
    "linear system": ("exists x, y: x + y = a and x - y = b", "true"),
    "singular system": ("exists x, y: x + y = a and 2*x + 2*y = b", "b = 2*a"),
    "semidefinite": (
        "forall x, y: a*x^2 + 2*b*x*y + c*y^2 >= 0",
        "a >= 0 and c >= 0 and a*c >= b^2",
    ),
    "definite": (
        "forall x, y: x != 0 or y != 0 implies a*x^2 + 2*b*x*y + c*y^2 > 0",
        "a > 0 and a*c > b^2",
    ),
    "Cholesky": (
        "exists x, y, z: a = x^2 and b = x*y and c = y^2 + z^2",
        "a >= 0 and c >= 0 and a*c >= b^2",
    ),
    "rank one": (
        "exists x, y, z, w: a = x*z and b = x*w and c = y*z and d = y*w",
        "a*d = b*c",
    ),
    "LU, unit diagonal": (
        "exists x, y, z, w: a = y and b = z and c = x*y and d = x*z + w",
        "a != 0 or c = 0",
    ),
    "LU": (
        "exists x0, x1, y0, y1, z, w: a = x0*y0 and b = x0*y1 and c = x1*y0 and d = x1*y1 + z*w",
        "a != 0 or b = 0 or c = 0",
    ),
    "dense order": ("forall x, y: x < y implies (exists z: x < z < y)", "true"),
    "no largest number": ("exists y: forall x: y > x", "false"),
    "square root of two": ("exists x: x^2 = 2 and x > 0", "true"),
    "square root of minus one": ("exists x: x^2 + 1 = 0", "false"),
    "two means": ("forall x, y: x >= 0 and y >= 0 implies (x + y)^2 >= 4*x*y", "true"),
    "Cauchy-Schwarz": (
        "forall a, b, c, d: (a*c + b*d)^2 <= (a^2 + b^2)*(c^2 + d^2)",
        "true",
    ),
    "Motzkin": ("forall x, y: x^4*y^2 + x^2*y^4 - 3*x^2*y^2 + 1 >= 0", "true"),
    "continuity of the square": (
        "forall e: e > 0 implies (exists d: d > 0 and"
        " (forall x: 1 - d < x < 1 + d implies -e < x^2 - 1 < e))",
        "true",
    ),
    "not uniformly continuous": (
        "exists e: e > 0 and (forall d: d > 0 implies"
        " (exists x, y: -d < x - y < d and x^2 - y^2 >= e))",
        "true",
    ),
}


# name -> (text, the same in sympy, the same in SMT-LIB); what is no name of PROBLEMS is a report,
# with its known answer.  A report about an infinite set, a hang or a crash counts as well.
LANGUAGES: dict[str, tuple[str, Any, str]] = {
    "sagemath/sage #36825": (
        "exists y: 3*x^2 + 2*x*y + y^2 - x + y - 7 = 0",
        qe.exists(y, Eq(3 * x**2 + 2 * x * y + y**2 - x + y, 7)),
        "(exists ((y Real)) (= (+ (* 3 x x) (* 2 x y) (* y y) (- x) y) 7))",
    ),
    "sagemath/sage #36929": (
        "exists y: 2*y + r < 0 and -1 < 0",
        qe.exists(y, And(2 * y + r < 0, sympy.Lt(-1, 0, evaluate=False))),
        "(exists ((y Real)) (and (< (+ (* 2 y) r) 0) (< (- 1) 0)))",
    ),
    "sagemath/sage #37365": (
        "exists a1, a2, a3, a4, d1, d2, d3, d4: a1 >= 1 and a2 >= 1 and a3 >= 1 and a4 >= 1"
        " and d1 >= 0 and d2 >= 0 and d3 >= 0 and d4 >= 1 and a1*d1 + a2*d2 + a3*d3 = a4*d4"
        " and d1 + d2 < d3 + d4",
        qe.exists(
            [*A, *D],
            And(
                *(one >= 1 for one in A),
                *(one >= 0 for one in D[:3]),
                D[3] >= 1,
                Eq(A[0] * D[0] + A[1] * D[1] + A[2] * D[2], A[3] * D[3]),
                D[0] + D[1] < D[2] + D[3],
            ),
        ),
        "(exists ((a1 Real) (a2 Real) (a3 Real) (a4 Real) (d1 Real) (d2 Real) (d3 Real) (d4 Real))"
        " (and (>= a1 1) (>= a2 1) (>= a3 1) (>= a4 1) (>= d1 0) (>= d2 0) (>= d3 0) (>= d4 1)"
        " (= (+ (* a1 d1) (* a2 d2) (* a3 d3)) (* a4 d4)) (< (+ d1 d2) (+ d3 d4))))",
    ),
    "sagemath/sage #38310": (
        "exists x: x_5_0*x + x_5_1 > 0",
        qe.exists(x, sympy.Symbol("x_5_0") * x + sympy.Symbol("x_5_1") > 0),
        "(exists ((x Real)) (> (+ (* x_5_0 x) x_5_1) 0))",
    ),
    "sagemath/sage #38781": (
        "exists t: t = 0 and x^2*a^2 + y^2*b^2 - a^2*b^2 < 0"
        " and x^2 + y^2 - 20*x - 20*y - r^2 + 200 < 0",
        qe.exists(
            t,
            And(
                Eq(t, 0),
                x**2 * a**2 + y**2 * b**2 - a**2 * b**2 < 0,
                x**2 + y**2 - 20 * x - 20 * y - r**2 + 200 < 0,
            ),
        ),
        "(exists ((t Real)) (and (= t 0) (< (- (+ (* x x a a) (* y y b b)) (* a a b b)) 0)"
        " (< (+ (- (+ (* x x) (* y y)) (* 20 x) (* 20 y) (* r r)) 200) 0)))",
    ),
    "ths-rwth/smtrat #95": (
        "exists x: x + z + w*x <= 100",
        qe.exists(x, x + z + w * x <= 100),
        "(exists ((x Real)) (<= (+ (+ x z) (* w x)) 100))",
    ),
    "Z3Prover/z3 #1658": (
        "forall x: exists y: 0 <= y and y <= 1 and x <= y^2",
        qe.forall(x, qe.exists(y, And(y >= 0, y <= 1, x <= y**2))),
        "(forall ((x Real)) (exists ((y Real)) (and (<= 0.0 y) (<= y 1.0) (<= x (* y y)))))",
    ),
    "Z3Prover/z3 #7114": (
        "exists a, b: 0 < a and -b = a*(a + b) and 1 = a^2 + b^2",
        qe.exists([a, b], And(a > 0, Eq(-b, a * (a + b)), Eq(a**2 + b**2, 1))),
        "(exists ((a Real) (b Real)) (and (< 0 a) (= (- b) (* a (+ a b)))"
        " (= 1 (+ (* a a) (* b b)))))",
    ),
    "Z3Prover/z3 #7174": (
        "forall d: not (((d >= 0 implies d > c) implies b - d^2 < 0) and b = 0 and a = 0"
        " implies c = 0)",
        qe.forall(
            d,
            Not(
                Implies(
                    And(Implies(Implies(d >= 0, d > c), b < d**2), Eq(b, 0), Eq(a, 0)), Eq(c, 0)
                )
            ),
        ),
        "(not (exists ((d Real)) (=> (and (=> (=> (<= 0 d) (> d c)) (< (- b (* d d)) 0))"
        " (= b 0) (= a 0)) (= c 0))))",
    ),
    "sympy/sympy #10477": (
        "exists t: t*x = 1 and (x^2 + 4*x - 3)*t < 2",
        qe.exists(t, And(Eq(t * x, 1), (x**2 + 4 * x - 3) * t < 2)),
        "(exists ((t Real)) (and (= (* t x) 1) (< (* (- (+ (* x x) (* 4 x)) 3) t) 2)))",
    ),
    "quadratic": (
        "exists x: a*x^2 + b*x + c = 0",
        qe.exists(x, Eq(a * x**2 + b * x + c, 0)),
        "(exists ((x Real)) (= (+ (* a x x) (* b x) c) 0))",
    ),
    "positive quadratic": (
        "forall x: a*x^2 + b*x + c > 0",
        qe.forall(x, a * x**2 + b * x + c > 0),
        "(forall ((x Real)) (> (+ (* a x x) (* b x) c) 0))",
    ),
    "cubic on the half-line": (
        "forall x: x >= 0 implies x^3 + p*x + q >= 0",
        qe.forall(x, Implies(x >= 0, x**3 + p * x + q >= 0)),
        "(forall ((x Real)) (=> (>= x 0) (>= (+ (* x x x) (* p x) q) 0)))",
    ),
    "Davenport-Heintz": (
        "exists c: forall b, a: (a = d and b = c) or (a = c and b = 1) implies a^2 = b",
        qe.exists(
            c,
            qe.forall(
                [b, a],
                Implies(Or(And(Eq(a, d), Eq(b, c)), And(Eq(a, c), Eq(b, 1))), Eq(a**2, b)),
            ),
        ),
        "(exists ((c Real)) (forall ((b Real) (a Real))"
        " (=> (or (and (= a d) (= b c)) (and (= a c) (= b 1))) (= (* a a) b))))",
    ),
    "Whitney umbrella": (
        "exists u, v: x = u*v and y = v and z = u^2",
        qe.exists([u, v], And(Eq(x, u * v), Eq(y, v), Eq(z, u**2))),
        "(exists ((u Real) (v Real)) (and (= x (* u v)) (= y v) (= z (* u u))))",
    ),
    "collision": (
        "exists t, x, y: 17/16*t >= 6 and 17/16*t <= 10 and x >= 17/16*t - 1 and x <= 17/16*t + 1"
        " and y >= 17/16*t - 9 and y <= 17/16*t - 7 and (x - t)^2 + y^2 <= 1",
        qe.exists(
            [t, x, y],
            And(
                *(s >= 6, s <= 10, x >= s - 1, x <= s + 1, y >= s - 9, y <= s - 7),
                (x - t) ** 2 + y**2 <= 1,
            ),
        ),
        "(exists ((t Real) (x Real) (y Real)) (let ((s (* (/ 17 16) t)))"
        " (and (>= s 6) (<= s 10) (>= x (- s 1)) (<= x (+ s 1)) (>= y (- s 9)) (<= y (- s 7))"
        " (<= (+ (* (- x t) (- x t)) (* y y)) 1))))",
    ),
    "ellipse in the circle": (
        "0 < a and 0 < b and (forall x, y: b^2*x^2 + a^2*y^2 = a^2*b^2 implies x^2 + y^2 <= 1)",
        conj(
            qe.formula(And(a > 0, b > 0)),
            qe.forall(
                [x, y],
                Implies(Eq(b**2 * x**2 + a**2 * y**2, a**2 * b**2), x**2 + y**2 <= 1),
            ),
        ),
        "(and (< 0 a) (< 0 b) (forall ((x Real) (y Real))"
        " (=> (= (+ (* b b x x) (* a a y y)) (* a a b b)) (<= (+ (* x x) (* y y)) 1))))",
    ),
    "shadow of a torus": (
        "exists z: (x^2 + y^2 + z^2 + 3)^2 = 16*(x^2 + y^2)",
        qe.exists(z, Eq((x**2 + y**2 + z**2 + 3) ** 2, 16 * (x**2 + y**2))),
        "(exists ((z Real)) (let ((f (+ (* x x) (* y y) (* z z) 3)))"
        " (= (* f f) (* 16 (+ (* x x) (* y y))))))",
    ),
    "semidefinite": (
        "forall x, y: a*x^2 + 2*b*x*y + c*y^2 >= 0",
        qe.forall([x, y], a * x**2 + 2 * b * x * y + c * y**2 >= 0),
        "(forall ((x Real) (y Real)) (>= (+ (* a x x) (* 2 b x y) (* c y y)) 0))",
    ),
    "rank one": (
        "exists x, y, z, w: a = x*z and b = x*w and c = y*z and d = y*w",
        qe.exists([x, y, z, w], And(Eq(a, x * z), Eq(b, x * w), Eq(c, y * z), Eq(d, y * w))),
        "(exists ((x Real) (y Real) (z Real) (w Real))"
        " (and (= a (* x z)) (= b (* x w)) (= c (* y z)) (= d (* y w))))",
    ),
}
REPORTS = {
    "sagemath/sage #36825": "8*x^2 - 8*x - 29 <= 0",
    "sagemath/sage #36929": "true",
    "sagemath/sage #37365": "true",
    "sagemath/sage #38310": "x_5_0 != 0 or x_5_1 > 0",
    "sagemath/sage #38781": "x^2*a^2 + y^2*b^2 < a^2*b^2 and (x - 10)^2 + (y - 10)^2 < r^2",
    "ths-rwth/smtrat #95": "w != -1 or z <= 100",
    "Z3Prover/z3 #1658": "false",
    "Z3Prover/z3 #7114": "true",
    "Z3Prover/z3 #7174": "a = 0 and b = 0 and c > 0",
    "sympy/sympy #10477": "x < -3 or 0 < x < 1",
}


def script_of(assertion: str, names: Iterable[str]) -> str:
    """The SMT-LIB script with one assertion."""
    declared = "".join(f"(declare-const {name} Real)\n" for name in names)
    return f"{declared}(assert {assertion})\n(check-sat)\n"


def languages(limit: float) -> str:
    """Each formula in three languages, put to every backend; the table, and what was counted."""
    rows: list[list[object]] = []
    counts: Counter[str] = Counter()
    with Engine(cache=None) as engine:
        for name, (text, symbolic, assertion) in LANGUAGES.items():
            known = qe.formula(REPORTS[name] if name in REPORTS else PROBLEMS[name][1])
            script = script_of(assertion, free_variables(qe.formula(text)))
            row: list[object] = [name]
            for backend in REGISTRY:
                said = []
                for source in (text, symbolic, script):
                    found = qe.eliminate(source, backend, Limits(limit, 2000), engine=engine)
                    if found.formula is None:
                        outcome = found.runs[-1].outcome.value
                    else:
                        right = agrees(engine, found.formula, known)
                        outcome = {True: "right", False: "WRONG", None: "not compared"}[right]
                    counts[outcome] += 1
                    said.append("-" if outcome == "unsuited" else outcome)
                alike = len(set(said)) == 1
                row.append(said[0] if alike else ", ".join(said))
            rows.append(row)
            print(*row, sep="\t", flush=True)
    total = ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())
    return (
        f"Ten formulas of public reports (repository and number of the thread) and ten classics,"
        f" each as text, as sympy's and as an SMT-LIB script, {limit:g} s for each question; every"
        " answer compared with the known one by z3.  One word stands for all three languages, in"
        " a list they stand in this order; -: z3 takes sentences only.\n\n"
        f"{len(rows) * 3 * len(REGISTRY)} questions: {total}; {counts['WRONG']} wrong.\n\n"
        + results.table(["formula", *REGISTRY], rows)
    )


def agrees(engine: Engine, found: Formula, known: Formula) -> bool | None:
    """Whether z3 shows the two equivalent; None if it cannot tell."""
    names = dict.fromkeys(free_variables(found) + free_variables(known))
    run = engine.ask(differ(found, known, names), "z3", 30, 2000)
    return None if run.answer is None else run.answer.formula == FALSE


WHO = """\
Which one is good at what, on these problems and on those about patterns:

- QEPCAD B answers nearly everything with up to half a dozen variables, inequalities of any degree
  included, and with the shortest formulas; each question pays 0.3 s or more for a process. What
  counts is the number of variables: beyond 18 it never answered.
- Redlog, in a session that is kept, answers in a few hundredths of a second what has low degree in
  the quantified variables (linear and quadratic ones go by substitution, up to 34 variables in
  all); its formulas are longer, and where no substitution is left, as for the cubic with three
  roots, it falls back on a decomposition that QEPCAD does better.
- z3 eliminates nothing. It is the first to ask whether a point exists, with up to 80 variables, and
  the only one that names the point, algebraic numbers included; of sentences with both quantifiers
  it answers small ones.

With `--backend auto` they are asked in this order, by the kind of question, in growing slices of
time (`cadlink/backends/preferences.py`); `--backend all` asks every one and compares."""


def main() -> None:
    """Ask, compare, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--limit", type=float, default=10.0, metavar="SECONDS")
    parser.add_argument("--only", nargs="+", choices=PROBLEMS, default=list(PROBLEMS))
    parser.add_argument("--languages", action="store_true", help="text, sympy and SMT-LIB")
    parser.add_argument(
        "--write", "--record", dest="write", action="store_true", help="into RESULTS.md"
    )
    args = parser.parse_args()
    if args.languages:
        body = languages(args.limit)
        print(body)
        if args.write:
            results.write("Quantifier elimination, three languages", body)
        return
    rows: list[list[object]] = []
    counts: Counter[tuple[str, str]] = Counter()
    with Engine(cache=None) as engine:
        for name in args.only:
            question, known = map(qe.formula, PROBLEMS[name])
            row: list[object] = [name, "sentence" if not free_variables(question) else "formula"]
            for backend in REGISTRY:
                limits = Limits(args.limit, 2000)
                found = qe.eliminate(question, backend, limits, engine=engine)
                seconds = sum(run.seconds for run in found.runs)
                if found.formula is None:
                    outcome = found.runs[-1].outcome.value
                    row.append("-" if outcome == "unsuited" else outcome)
                    counts[backend, outcome] += 1
                    continue
                right = agrees(engine, found.formula, known)
                word = {True: "right", False: "WRONG", None: "not compared"}[right]
                counts[backend, word] += 1
                row.append(f"{seconds:.2f}" if right else f"{seconds:.2f} {word}")
            rows.append(row)
            print(*row, sep="\t", flush=True)
    kinds = ["right", "WRONG", "not compared", "timeout", "partial", "unsuited"]
    summary = [[backend, *(counts[backend, kind] for kind in kinds)] for backend in REGISTRY]
    body = "\n\n".join(
        [
            f"{len(rows)} classic problems, {args.limit:g} s each, nothing cached. Seconds until"
            " the answer, the start of Redlog's session apart; what is no answer stands by its"
            " name. Every answer was compared with the known one by z3. (-: z3 takes sentences"
            " only.)",
            WHO,
            results.table(["backend", *kinds], summary),
            results.table(["problem", "kind", *REGISTRY], rows),
        ]
    )
    print(body)
    if args.write:
        results.write("Quantifier elimination", body)


if __name__ == "__main__":
    main()
