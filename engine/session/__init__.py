"""The session: one customer's decision, firing by firing, with durable-rules."""

from engine.session.run import Session

__all__ = ["Session"]
