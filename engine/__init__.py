"""The rule engine: the language, its two executors, and everything that reads a rule pack."""
