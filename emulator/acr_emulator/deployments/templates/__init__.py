"""The language of ARM templates: pure of HTTP and of the emulator's state."""
