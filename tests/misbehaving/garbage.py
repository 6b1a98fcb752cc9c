#!/usr/bin/env python3
"""Prints what no program should: control characters, half a character, no answer; exits 0."""

import sys

sys.stdin.buffer.read()
sys.stdout.buffer.write(b"\x00\x1b[31m\xff\xfe TRUE? true$ \xc3")
