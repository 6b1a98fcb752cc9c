#!/usr/bin/env python3
"""Allocates memory without bound."""

kept = []
while True:
    kept.append(b"x" * (8 << 20))
