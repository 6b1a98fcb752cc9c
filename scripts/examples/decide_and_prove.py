"""Decide a pattern, check the certificate with the kernel, print the proof.

python scripts/examples/decide_and_prove.py
"""

from __future__ import annotations

import numpy as np

from cadlink import Pattern, check, decide
from cadlink.explanations.proofs import written
from cadlink.writing import text

masks = [np.triu(np.ones((3, 3))), np.tril(np.ones((3, 3)))]  # L times U, forward order
decision = decide(Pattern(masks))
print(decision.verdict.value)
assert decision.certificate is not None
print(check(decision.certificate))
print(text.write(written(decision.certificate)))
