"""Experiments: training runs and scripts that show what a verdict means."""
