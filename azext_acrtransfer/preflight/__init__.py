"""The check command: read the surroundings of a pipeline, and evaluate them rule by rule.

The public module is ``checker``: ``Preflight`` runs every check.
"""
