"""Pipelines and pipeline runs, independent of HTTP."""
