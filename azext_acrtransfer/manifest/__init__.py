"""The transfer manifest: a JSON file that lists what exports moved, or what a registry contains.

The public module is ``model``; ``files`` reads and writes it.
"""
