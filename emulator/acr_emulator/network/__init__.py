"""How a client reaches the emulator: proxy, certificates, and the choice of an app by host."""
