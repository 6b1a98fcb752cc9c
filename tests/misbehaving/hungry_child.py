#!/usr/bin/env python3
"""Sleeps while a child allocates memory without bound."""

import os
import time

if os.fork() == 0:
    kept = []
    while True:
        kept.append(b"x" * (8 << 20))
time.sleep(1000)
