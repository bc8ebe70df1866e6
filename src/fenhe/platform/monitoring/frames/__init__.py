"""From the frames of loggers to the store: decode, map, write each value once."""
