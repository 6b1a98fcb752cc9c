"""Quantifier elimination for any first-order question about real numbers.

python scripts/examples/quantifiers.py
"""

from __future__ import annotations

from cadlink import qe

found = qe.eliminate("exists x. x^2 + p*x + q = 0")
print(qe.script(found.formula, "text"))
print(qe.decide_sentence("forall a, b. a^2 + b^2 >= 2*a*b").truth)
