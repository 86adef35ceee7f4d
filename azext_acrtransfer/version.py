"""The version of the extension, which is also that of its package in pyproject.toml."""

VERSION = "3.0.0"
