"""How a recommendation looks on a terminal: what matters at the top, eighty columns, one glance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from common.advised_since import since_in_words
from common.confirming import Confirming
from common.ended import ended_in_words
from common.page_parts import bullets, headline, section
from common.strategy import effect_in_words
from common.taken_on import TakenOn
from common.texts import Texts
from engine.decision import State
from engine.model import Pack
from engine.recommend import (
    Checklist,
    CriterionLine,
    Line,
    PlannedAction,
    Recommendation,
    Scored,
    StageNow,
    StageProposal,
    ValueNext,
)
from engine.talk import Saying
from engine.wording import Wording, sentence
from facts.ended import Ended
from facts.to_confirm import ToConfirm

AT_A_GLANCE = 5
REASONS = 3
MARKS = {State.MET: ("✓", "green"), State.NOT_MET: ("✗", "red"), State.UNKNOWN: ("?", "yellow")}


class Layout:
    """Lay out recommendations in one language, amounts in `currency`; `show_all` unfolds what is folded at first."""

    def __init__(self, texts: Texts, pack: Pack, show_all: bool = False, currency: str = "") -> None:
        self.texts = texts
        self.wording = Wording(pack.vocabulary, texts.language)
        self.show_all = show_all
        self.currency = currency

    def page(
        self,
        shown: Recommendation,
        card: Mapping[str, str | None],
        below: Sequence[ToConfirm] = (),
        left_open: Sequence[TakenOn] = (),
        ended: Sequence[Ended] = (),
    ) -> RenderableType:
        """Return the whole recommendation, with the facts below it that somebody should confirm.

        `left_open` are actions that were taken on and are not in the plan; `ended` are records that end before.
        """
        sections = [self._head(shown, card)]
        if ended:
            said = self.texts("ended_here", ended=ended_in_words(self.texts, ended))
            sections = [Group(sections[0], Text(said, style="yellow"))]
        if shown.proposal is not None:
            sections.append(self._section("decision", self._decision(shown.proposal)))
        sections.append(self._section("value", self._value(shown.stage, shown.value)))
        sections.append(self._section("plan", self._plan(shown)))
        if left_open:
            lines = (line for each in left_open for line in self._left_open(each, shown.customer))
            sections.append(self._section("left_open", Group(*map(_quiet, lines))))
        if shown.guard_rails:
            sections.append(self._section("guard_rails", bullets(shown.guard_rails)))
        if shown.profile:
            sections.append(self._section("profile", self._profile(shown)))
        sections.append(self._section("hangs_on", self._hangs_on(shown)))
        if below:
            sections.append(self._section("confirm_title", self._to_confirm(below)))
        return Group(*sections)

    # --- who ---------------------------------------------------------------------------------------------------------

    def _head(self, shown: Recommendation, card: Mapping[str, str | None]) -> RenderableType:
        parts = [
            headline(self.texts, shown.customer, card, shown.as_of, self.currency),
            Text(self._stage(shown.stage), style="bold cyan"),
        ]
        if shown.stage is not None:
            parts += [_quiet(reason) for reason in shown.stage.reasons[: self._reasons()]]
        if card.get("account_manager"):
            parts.append(_quiet(self.texts("manager", name=card["account_manager"])))
        lines = [
            *shown.pressing,
            *([Line(self.texts("signs"), self.wording.listed(shown.flags))] if shown.flags else []),
        ]
        parts += [Text(f"{line.title}{self._colon}{line.said}") for line in lines]
        return Group(*parts)

    def _stage(self, stage: StageNow | None) -> str:
        if stage is None:
            return self.texts("stage_unknown")
        title = sentence(stage.stage.title)
        if stage.confirmed and stage.since is not None:
            days = self.wording.with_unit(stage.days or 0, "day")
            return self.texts("stage_confirmed_since", stage=title, date=self.wording.date(stage.since), days=days)
        return self.texts("stage_confirmed" if stage.confirmed else "stage_assessed", stage=title)

    # --- stage decision ----------------------------------------------------------------------------------------------

    def _decision(self, proposal: StageProposal) -> RenderableType:
        stays = proposal.move.id in ("", "stay")
        said = self.texts(
            "propose_stay" if stays else "propose", stage=proposal.proposed.title, move=proposal.move.title
        )
        parts: list[RenderableType] = [Text(said, style="bold")]
        parts += [_quiet(reason) for reason in proposal.reasons[: self._reasons()]]
        if proposal.checklist is not None:
            parts += self._checklist(proposal.checklist)
        if self.show_all:
            parts += [part for other in proposal.others for part in self._checklist(other)]
        elif proposal.others:
            parts.append(_quiet(self.texts("other_gates") + self._colon))
            parts += [Padding(_marked(other.state, self._summary(other)), (0, 0, 0, 1)) for other in proposal.others]
        return Group(*parts)

    def _checklist(self, checklist: Checklist) -> list[RenderableType]:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(min_width=12, no_wrap=True, style="dim")
        grid.add_column(no_wrap=True)
        grid.add_column(ratio=1, overflow="fold")
        criteria = sorted(checklist.criteria, key=lambda one: one.condition or "~")
        for condition, lines in groupby(criteria, key=lambda one: one.condition):
            title = f"condition_{condition}"
            label = self.texts(title) if self.texts.has(title) else condition
            for number, line in enumerate(lines):
                grid.add_row("" if number else label, _mark(line.state), self._criterion(line))
        return [_marked(checklist.state, self._summary(checklist)), Padding(grid, (0, 0, 0, 2))]

    def _summary(self, checklist: Checklist) -> str:
        required = [one for one in checklist.criteria if one.required]
        met, unknown = (sum(one.state is state for one in required) for state in (State.MET, State.UNKNOWN))
        name = f"gate_{checklist.state.value}" if unknown or checklist.state is State.MET else "gate_not_met"
        name = "gate_unknown" if unknown else name
        return self.texts(name, gate=checklist.gate.title, met=met, all=len(required), open=unknown)

    def _criterion(self, line: CriterionLine) -> Text:
        text = Text(line.title if line.required else self.texts("advisory", criterion=line.title))
        for fact in line.because:
            text.append(f"\n{fact}", style="dim")
        return text

    # --- value -------------------------------------------------------------------------------------------------------

    def _value(self, stage: StageNow | None, value: ValueNext | None) -> RenderableType:
        if value is None:
            return Text(self.texts("no_value"))
        grid = Table.grid(padding=(0, 1))
        grid.add_column(min_width=10, no_wrap=True)
        grid.add_column(ratio=1, overflow="fold")
        for name, content in self._parts(stage, value):
            grid.add_row(Text(self.texts(f"part_{name}"), style="dim"), content)
        return grid

    def _parts(self, stage: StageNow | None, value: ValueNext) -> Iterator[tuple[str, RenderableType]]:
        """Yield the five parts of conveying a value, and the runner-up."""
        parts = value.parts
        if stage is not None:
            yield "stage", Text(stage.stage.title)
        yield "content", self._scored(value.score) if value.score else Text(value.content.title, style="bold")
        if "depth" in parts:
            yield "depth", Text(parts["depth"])
        yield from self._talk(value.talk)
        if "when" in parts:
            yield "when", Text(parts["when"])
        people = (("speaker", "speaks"), ("audience", "to_whom"))
        medium = [parts["medium"]] if "medium" in parts else []
        medium += [self.texts(text, **{role: parts[role]}) for role, text in people if role in parts]
        if medium:
            yield "medium", Text(self._semicolon.join(medium))
        if "effect" in parts:
            yield "effect", Text(effect_in_words(self.texts, parts))
        if "heard_by" in parts:
            yield "heard_by", Text(parts["heard_by"])
        if value.runner_up is not None:
            yield "runner_up", self._scored(value.runner_up, is_runner_up=True)

    def _talk(self, talk: Saying | None) -> Iterator[tuple[str, RenderableType]]:
        """Yield what to say and what proves it; at a glance only the first proof, without its source."""
        if talk is None:
            return
        yield "say", Text(talk.text)
        if self.show_all:
            proofs = [
                self.texts("proof", proof=one.text, source=one.source, date=self.wording.date(one.valid_until))
                for one in talk.evidence
            ]
        else:
            proofs = [one.text for one in talk.evidence[:1]]
        if proofs:
            yield "proof", Text("\n".join(proofs), style="dim")

    def _scored(self, scored: Scored, is_runner_up: bool = False) -> Text:
        points = self.texts("points", points=self.wording.number(scored.points))
        text = Text.assemble((scored.candidate.title, "" if is_runner_up else "bold"), f" · {points}")
        limit = self._reasons() if not is_runner_up else (1, None)[self.show_all]
        reasons = scored.reasons[:limit]
        lines = [f"{self.wording.signed(given)}  {reason}" for reason, given in reasons]
        if folded := scored.reasons[len(reasons) :]:
            rest = self.texts("more_reasons", number=len(folded))
            lines.append(f"{self.wording.signed(sum((given for _, given in folded), Decimal(0)))}  {rest}")
        text.append("".join(f"\n{line}" for line in lines), style="dim")
        return text

    # --- plan --------------------------------------------------------------------------------------------------------

    def _plan(self, shown: Recommendation) -> RenderableType:
        if not shown.plan:
            return Text(self.texts("no_plan"))
        table = Table(box=None, padding=(0, 1), pad_edge=False, expand=True, header_style="dim")
        table.add_column("", justify="right", no_wrap=True)
        table.add_column(self.texts("action"), ratio=1, overflow="fold")
        table.add_column(self.texts("owner"), max_width=16, overflow="fold")
        table.add_column(self.texts("due"), no_wrap=True)
        actions = shown.plan if self.show_all else shown.plan[:AT_A_GLANCE]
        for number, action in enumerate(actions, 1):
            table.add_row(str(number), self._action(action, shown.as_of), action.owner, self._due(action, shown))
        folded = len(shown.plan) - len(actions)
        more = [_quiet(self.texts("more_actions", number=folded))] if folded else []
        return Group(table, *more)

    def _action(self, action: PlannedAction, as_of: date) -> RenderableType:
        text = Text(action.action.title, style="bold")
        if action.about:
            text.append(f" · {action.about}", style="bold")
        for reason in action.reasons[: (1, None)[self.show_all]]:
            text.append(f"\n{reason}", style="not bold dim")
        if action.advised_since is not None:
            text.append(f"\n{since_in_words(self.texts, action.advised_since, as_of)}", style="not bold dim")
        if self.show_all:
            for number, step in enumerate(action.steps, 1):
                text.append(f"\n{number}) {step}", style="not bold")
            for name in ("effect", "heard_by"):
                if getattr(action, name):
                    said = f"\n{self.texts(f'part_{name}')}{self._colon}{getattr(action, name)}"
                    text.append(said, style="not bold")
        return text

    def _left_open(self, each: TakenOn, customer: str) -> Iterator[str]:
        """Yield what was taken on, and how to record what became of it."""
        title = each.action.title
        if each.due_on is None:
            yield title
        else:
            yield self.texts("left_open_one", action=title, date=self.wording.date(each.due_on))
        named = f"{each.action.id} --about {each.about}" if each.about else each.action.id
        yield self.texts("left_open_record", customer=customer, action=named)

    def _due(self, action: PlannedAction, shown: Recommendation) -> Text:
        is_overdue = action.due_on < shown.as_of
        text = Text(self.wording.date(action.due_on), style="red" if is_overdue else "")
        if is_overdue or action.is_open:
            text.append("\n" + self.texts("overdue" if is_overdue else "already_open"), style="dim")
        return text

    # --- what else the pack says ----------------------------------------------------------------------------------

    def _profile(self, shown: Recommendation) -> RenderableType:
        """Return the other facts that the pack shows; what scores are made of only where all is shown."""
        grid = Table.grid(padding=(0, 1))
        grid.add_column(max_width=24, overflow="fold", style="dim")
        grid.add_column(ratio=1, overflow="fold")
        for line in shown.profile:
            said = Text(line.said)
            for part in line.parts if self.show_all else ():
                said.append(f"\n{part}", style="dim")
            grid.add_row(line.title, said)
        return grid

    # --- what it hangs on --------------------------------------------------------------------------------------------

    def _hangs_on(self, shown: Recommendation) -> RenderableType:
        parts: list[RenderableType] = [
            *(Text(self.texts("conflict", conflict=conflict), style="red") for conflict in shown.conflicts),
            *(Text(self.texts("violated", invariant=invariant), style="red") for invariant in shown.violated),
        ]
        if not shown.provisional:
            return Group(*parts, Text(self.texts("settled")))
        facts = shown.provisional if self.show_all else shown.provisional[:AT_A_GLANCE]
        name = "could_change" if len(facts) == len(shown.provisional) else "could_change_more"
        titles = self.wording.listed(fact.title for fact in facts)
        parts.append(Text(self.texts(name, facts=titles, number=len(shown.provisional) - len(facts))))
        questions = shown.questions if self.show_all else shown.questions[:AT_A_GLANCE]
        if questions:
            parts.append(_quiet(self.texts("ask") + self._colon))
            parts.append(bullets(self._question(one.role, one.text) for one in questions))
        folded = len(shown.questions) - len(questions)
        if folded:
            parts.append(_quiet(self.texts("more_questions", number=folded)))
        return Group(*parts)

    def _to_confirm(self, below: Sequence[ToConfirm]) -> RenderableType:
        say = Confirming(self.texts, self.wording)
        facts = below if self.show_all else below[:AT_A_GLANCE]
        return bullets(f"{say.title(each.fact)}{self._colon}{say.heard(each)}" for each in facts)

    def _question(self, role: str, question: str) -> str:
        return self.texts("ask_role", role=sentence(role), question=question) if role else question

    # --- shapes ------------------------------------------------------------------------------------------------------

    def _section(self, name: str, content: RenderableType) -> RenderableType:
        return section(self.texts(name), content)

    def _reasons(self) -> int | None:
        return None if self.show_all else REASONS

    @property
    def _colon(self) -> str:
        return "：" if self.wording.language == "zh" else ": "

    @property
    def _semicolon(self) -> str:
        return "；" if self.wording.language == "zh" else "; "


def _mark(state: State) -> Text:
    mark, colour = MARKS[state]
    return Text(mark, style=f"bold {colour}")


def _marked(state: State, said: str) -> Text:
    return Text.assemble(_mark(state), f" {said}")


def _quiet(said: str) -> Text:
    return Text(said, style="dim")
