#!/usr/bin/env python3
"""The real QEPCAD, with every TRUE made FALSE and every FALSE made TRUE in its answer."""

import subprocess
import sys

done = subprocess.run(
    ["qepcad", *sys.argv[1:]], input=sys.stdin.read(), capture_output=True, text=True
)
flipped = {"TRUE": "FALSE", "FALSE": "TRUE"}
lines = done.stdout.split("\n")
sys.stdout.write("\n".join(flipped.get(line.strip(), line) for line in lines))
sys.exit(done.returncode)
