"""Container registries: their resources, the process that stores them, and its files."""
