"""What every layer may use: the error types and Beijing time."""
