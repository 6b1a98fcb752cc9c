"""Certificates as proofs that people can read, in plain text and in LaTeX."""
