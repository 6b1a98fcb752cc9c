#!/usr/bin/env python3
"""Runs out of cells, as QEPCAD says it, unless it is given many; then it is the real QEPCAD."""

import os
import sys

(cells,) = (int(argument[2:]) for argument in sys.argv if argument.startswith("+N"))
if cells > 20_000_000:
    os.execvp("qepcad", ["qepcad", *sys.argv[1:]])
sys.stdin.read()
print("** 9821 cells, 19999 arrays in 1 milliseconds.")
print("Failure occurred in:    GCSI (final check)")
print("Reason for the failure: Too few cells reclaimed.")
print("Now the FAIL handler is aborting the program ...")
sys.exit(2)
