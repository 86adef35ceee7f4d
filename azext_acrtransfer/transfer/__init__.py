"""Transfers: the runs that one takes, from the plan to the report, and cleaning up failed ones.

The public modules are ``creation`` and ``cleaning``, for the two commands that need it.
"""
