"""Patterns: chains of masks and groups of neurons, where they come from, and how they are named."""
