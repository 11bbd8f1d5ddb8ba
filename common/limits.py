"""How much is shown of what could be told without end."""

DEPTH = {"manager": 2, "auditor": 3}
"""How many steps down conclusions are followed, by who asks."""

WAYS = 3
"""How many ways to another conclusion are looked for."""
