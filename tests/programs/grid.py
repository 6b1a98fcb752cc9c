#!/usr/bin/env python3
"""A small decision program: tries the integer points of a grid.

Input: a line ``exists`` or ``forall``, a line of variables, a line with a condition in Python's
syntax.  Output: ``true``, ``false`` or ``unknown``, and for a point that settles it its values.
"""

import itertools
import sys

if "--version" in sys.argv:
    print("grid 1.0")
    sys.exit()
quantifier, variables, condition = (line.strip() for line in sys.stdin)
code = compile(condition, "condition", "eval")
wanted = quantifier == "exists"
for point in itertools.product((0, 1, -1, 2, -2), repeat=len(variables.split())):
    values = dict(zip(variables.split(), point, strict=True))
    if bool(eval(code, values)) is wanted:
        print(str(wanted).lower(), *point)
        break
else:
    print("unknown")
