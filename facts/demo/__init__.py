"""The demo story: invented industrial customers over two years, to try everything on.

`world.yaml` says what we sell and who works for us, `customers.csv` who the customers are, and `stories.yaml` what
happens between us. A story is told in days before the as-of day, so that it never ages. What recurs (orders, talks)
is unrolled with a random generator that the customer's key seeds: the same story every time.
"""

from facts.demo.build import AS_OF, DemoSummary, build

__all__ = ["AS_OF", "DemoSummary", "build"]
