"""The controls of the emulator, apart from everything that imitates Azure."""
