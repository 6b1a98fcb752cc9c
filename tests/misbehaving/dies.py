#!/usr/bin/env python3
"""Dies of a signal in the middle of an answer."""

import os
import signal

print("An equivalent quantifier-free formula:\n\nx + 1 >=", flush=True)
os.kill(os.getpid(), signal.SIGSEGV)
