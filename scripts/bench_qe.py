"""Classic problems of quantifier elimination, each with its known answer, put to every backend.

    python scripts/bench_qe.py [--limit 10] [--only NAME ...] [--write]

An answer is compared with the known one by z3; ``--write`` puts the table into RESULTS.md.
"""

from __future__ import annotations

import argparse
from collections import Counter

import results

from cadlink import Limits, qe
from cadlink.backends import REGISTRY
from cadlink.backends.engine import Engine
from cadlink.logic.encode import differ
from cadlink.logic.formula import FALSE, Formula, free_variables

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
    parser.add_argument("--write", action="store_true", help="into RESULTS.md")
    args = parser.parse_args()
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
