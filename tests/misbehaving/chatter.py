#!/usr/bin/env python3
"""Fills stdout and stderr in turn, more than a pipe holds, before it reads its input."""

import sys

for _ in range(200):
    sys.stdout.write("o" * 5000)
    sys.stdout.flush()
    sys.stderr.write("e" * 5000)
    sys.stderr.flush()
print(len(sys.stdin.read()))
