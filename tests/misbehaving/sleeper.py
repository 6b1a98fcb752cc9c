#!/usr/bin/env python3
"""Prints half an answer and sleeps forever."""

import time

print("half of", flush=True)
time.sleep(1000)
