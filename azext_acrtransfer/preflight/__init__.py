"""The check command: read the surroundings of a pipeline, and evaluate them rule by rule.

The public module is ``checker``: ``Preflight`` runs every check. ``collector`` takes a snapshot, in
which each lookup is found, absent or unreadable. The rules in ``rules_pipeline``, ``rules_sas`` and
``rules_content`` declare what they need of it, in terms of ``needs``, and evaluate only that.
"""
