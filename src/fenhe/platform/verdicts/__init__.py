"""Standing assessments, the engine that keeps their cells true, and the evidence of a cell."""
