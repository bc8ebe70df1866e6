"""File and wire formats: from bytes to typed rows, with every refused cell named."""
