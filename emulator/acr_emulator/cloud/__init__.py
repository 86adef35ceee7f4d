"""Azure clouds: their host names, audiences and API versions."""
