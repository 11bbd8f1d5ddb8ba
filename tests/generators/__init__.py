"""Random packs and customers for differential tests: every shape of the language, small, dense with ties and gaps.

Packs are acyclic by construction: every fact has a layer, a rule of layer k reads facts below k and concludes facts
from k on. Constants and values come from the same few numbers, dates and words, so that boundaries are met often.
Everything is drawn from a `random.Random`, so that the same generator runs from a seed and under hypothesis.
"""

from tests.generators.facts import random_customers
from tests.generators.packs import random_pack

__all__ = ["random_customers", "random_pack"]
