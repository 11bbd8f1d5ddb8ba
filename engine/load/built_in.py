"""What a vocabulary has besides what is declared: the enum of actions, and the facts that advice and evidence make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.errors import Location
from engine.vocabulary import Enum, Fact, FactKey, Origin, Text, Type, Vocabulary

ACTION_ENUM = "action"
ADVISED = FactKey(None, "advised")
EVIDENCED = FactKey(None, "evidenced")


def with_actions(vocabulary: Vocabulary, actions: Mapping[str, Text], at: Location) -> Vocabulary:
    """Add what the action catalogue brings along: the enum `action` and the set fact `advised`."""
    advised = Fact(
        ADVISED.name, None, Type.SET, Text("Advised actions", "建议的行动"), at, enum=ACTION_ENUM, origin=Origin.DERIVED
    )
    return replace(
        vocabulary,
        enums={**vocabulary.enums, ACTION_ENUM: action_enum(actions, at)},
        facts={**vocabulary.facts, ADVISED: advised},
    )


def with_evidence(vocabulary: Vocabulary, at: Location) -> Vocabulary:
    """Add what talk brings along: the set fact `evidenced`, the kinds of value for which there is valid evidence."""
    title = Text("Values with valid evidence", "有有效依据的价值")
    evidenced = Fact(EVIDENCED.name, None, Type.SET, title, at, enum="value_kind", origin=Origin.DERIVED)
    return replace(vocabulary, facts={**vocabulary.facts, EVIDENCED: evidenced})


def action_enum(actions: Mapping[str, Text], at: Location) -> Enum:
    """Return the enum of actions by their ids."""
    return Enum(ACTION_ENUM, Text("Action", "行动"), tuple(actions), actions, False, at)
