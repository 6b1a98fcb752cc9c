#!/usr/bin/env python3
"""Sleeps forever beside a child in the same session and a grandchild in another."""

import os
import time

if os.fork() == 0:
    if os.fork() == 0:
        os.setsid()
    time.sleep(1000)
print("started", flush=True)
time.sleep(1000)
