"""Computes what Clientela costs on AWS: `python -m tools.costs [--check]`."""
