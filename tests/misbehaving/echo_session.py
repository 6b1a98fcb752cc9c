#!/usr/bin/env python3
"""A well-behaved warm program: answers every line; obeys a few words that make it misbehave."""

import os
import signal
import sys
import time

print("welcome")
for line in sys.stdin:
    word = line.strip()
    if word == "hang":
        time.sleep(1000)
    elif word == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif word == "leave":
        sys.exit(3)
    elif word == "flood":
        while True:
            sys.stdout.write("=" * (1 << 20))
    elif word == "eat":
        kept = []
        while True:
            kept.append(b"x" * (8 << 20))
    elif word == "complain":
        print("***** bad", file=sys.stderr, flush=True)
    print(word, flush=True)
