"""What is promised of speed, memory and requests, measured; see README.md."""
