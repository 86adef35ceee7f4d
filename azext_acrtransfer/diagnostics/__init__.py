"""What a failure means and what to do next: known failures, and the commands that are printed.

The public module is ``diagnosis``, which explains failed runs and refused requests.
"""
