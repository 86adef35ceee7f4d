"""A whole transfer between two local clouds, by the command lines of the public documentation."""
