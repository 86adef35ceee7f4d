"""Bundled programs, such as Azurite: how they are found, and run as child processes."""
