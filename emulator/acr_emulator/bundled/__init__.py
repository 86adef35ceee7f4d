"""The real programs behind the imitated service, run as child processes."""
