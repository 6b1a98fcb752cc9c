#!/usr/bin/env python3
"""Prints 1 GB as fast as it can."""

import sys

for _ in range(1024):
    sys.stdout.write("=" * (1 << 20))
