"""What an emulator remembers: resources, operations, its clock and its settings."""
