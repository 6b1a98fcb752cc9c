#!/usr/bin/env python3
"""Exits at once; a grandchild stays behind in a session of its own, as QEPCAD's Singular may."""

import os
import time

print("done", flush=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(1000)
    os._exit(0)
os.wait()
