#!/usr/bin/env python3
"""Ignores every signal that can be ignored, and never reads or ends."""

import signal
import time

for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
    signal.signal(number, signal.SIG_IGN)
print("started", flush=True)
while True:
    time.sleep(10)
