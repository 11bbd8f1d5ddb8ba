"""The pages and the interface for other programs."""
