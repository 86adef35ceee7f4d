"""Transfers: the runs that one takes, from the plan to the report, and cleaning up failed ones.

The public modules are ``planning``, ``execution`` and ``report``, and ``cleaning``.
"""
