#!/usr/bin/env python3
"""A stand-in for a native REDUCE: a proper session, except for the answers FAKE_REDUCE lists.

FAKE_REDUCE names a file with one word per question; each question takes the first word away, so a
restarted session goes on where the last one died.  Without words left it answers ``true``.
"""

import os
import re
import signal
import sys
import time
from pathlib import Path

print("Reduce (fake, rev 0), 1-Jan-2000 ...", flush=True)
plan = Path(os.environ["FAKE_REDUCE"]) if "FAKE_REDUCE" in os.environ else None


def next_word() -> str:
    words = plan.read_text().split() if plan else []
    if plan:
        plan.write_text(" ".join(words[1:]))
    return words[0] if words else "true$"


def answer(word: str) -> str:
    if word == "hang":
        time.sleep(1000)
    if word == "die":
        os.kill(os.getpid(), signal.SIGSEGV)
    if word == "leave":
        sys.exit(0)
    if word == "stale":  # the sentinel of an earlier question, and no answer
        return "<<<END1000>>>$"
    if word == "eat":
        kept = []
        while True:
            kept.append(b"x" * (8 << 20))
    if word == "nothing":
        return ""
    return word.replace("_", " ")


for line in sys.stdin:
    if line.startswith("bye"):
        break
    if line.startswith("rlqe"):
        print(f"\n{answer(next_word())}\n", flush=True)
    sentinel = re.search(r'write "<<<END",(\d+)\+(\d+),">>>";', line)
    if sentinel:
        print(f"<<<END{int(sentinel[1]) + int(sentinel[2])}>>>$\n", flush=True)
