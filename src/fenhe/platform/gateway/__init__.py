"""The gateway: data loggers connect over TCP, their bytes are kept, then answered."""
