"""The command line: one module per verb, the same verbs as the API."""
