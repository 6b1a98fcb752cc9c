#!/usr/bin/env python3
"""Exits at once; a child stays behind in the same session and holds the pipes open."""

import os
import time

print("done", flush=True)
if os.fork() == 0:
    time.sleep(1000)
