"""How a derivation looks on a terminal: a tree, from what is concluded down to what is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.text import Text
from rich.tree import Tree

from common.explain_layout import Teller, branch, hanging, marked
from engine.derivation import Kind, Node, Source
from engine.model import Op, Quantified, Quantifier, Test
from engine.program import Selection, Single

RIVALS = 3
ROWS = 5
_QUIET = "dim"


@dataclass(frozen=True)
class WhyLayout:
    """Lays out derivations; `depth` conclusions deep, for an account manager or with what an auditor wants."""

    teller: Teller
    depth: int
    for_auditor: bool = False

    def trees(self, node: Node) -> Iterator[Tree]:
        """Yield the derivation of a conclusion, and what would have changed it."""
        tree = branch(self.heading(node))
        self._below(tree, node, self.depth)
        yield tree
        against = self._rivals(node)
        if against is not None:
            yield against

    def heading(self, node: Node) -> str:
        """Return what is explained."""
        teller = self.teller
        about = teller.beside(teller.phrases.row(node.scope, node.row)) if node.scope else ""
        match node.kind:
            case Kind.FACT:
                said = teller.value(teller.key(node.id), node.value)
                chosen = [one for one in node.because if one.kind is Kind.CANDIDATE]
                said += f" · {self._points(chosen[0])}" if len(chosen) == 1 else ""
                return teller.colon(teller.wording.title(node.id) + about, said)
            case Kind.ACTION if not node.truth:
                customer, title = (
                    teller.deriver.customer.customer,
                    teller.wording.text(teller.pack.actions[node.id].title),
                )
                return teller.texts("not_advised", action=title, customer=customer, id=node.id)
            case Kind.ACTION:
                row = teller.beside(teller.about(node.id, node.row)) if node.row else ""
                return teller.wording.text(teller.pack.actions[node.id].title) + row
            case _:
                return teller.texts("rule_fired" if node.truth else "rule_silent", rule=teller.called(node.id)) + about

    # --- what it rests on ---------------------------------------------------------------------------------------------

    def _below(self, tree: Tree, node: Node, depth: int) -> None:
        """Add what a node rests on below it."""
        if node.kind is Kind.FACT and node.source not in (Source.RULES, None):
            self._without_rules(tree, node)
        parts = self.parts(node)
        if len(parts) == 1 and parts[0].kind is Kind.CANDIDATE:
            parts = self.parts(parts[0])
        for part in parts:
            self._add(tree, part, depth)
        if node.kind is Kind.ROWS and (rest := len(self._deciding(node)) - len(parts)):
            tree.add(Text(self.teller.texts("more_rows", number=rest), style=_QUIET))

    def _add(self, tree: Tree, node: Node, depth: int) -> None:
        label = self._label(node)
        parts = self.parts(node)
        if node.kind in (Kind.CRITERION, Kind.ANY) and len(parts) == 1 and parts[0].kind in (Kind.TEST, Kind.ROWS):
            if node.kind is Kind.ANY:
                self._add(tree, parts[0], depth)
                return
            label.append(f"\n{self._stands(parts[0])}", style=_QUIET)
            node = parts[0]
        below = tree.add(hanging(label))
        if node.kind is Kind.FACT:
            self._deeper(below, node, depth)
        elif node.kind is Kind.TEST:
            for fact in node.because:
                self._deeper(below, fact, depth)
        else:
            self._below(below, node, depth)

    def _deeper(self, tree: Tree, fact: Node, depth: int) -> None:
        """Add what a conclusion rests on in turn, unless that is too deep, or it is just as it is recorded."""
        if depth > 1 and (fact.source is not Source.RECORDED or self.for_auditor):
            self._below(tree, fact, depth - 1)

    def _without_rules(self, tree: Tree, node: Node) -> None:
        if node.source is not None and node.value == frozenset():
            tree.add(Text(self.teller.texts("source_empty"), style=_QUIET))
        elif node.source is not None:
            tree.add(Text(self.teller.texts(f"source_{node.source.value}"), style=_QUIET))

    def parts(self, node: Node) -> list[Node]:
        """Return the parts that matter: of alternatives one that is true, of records those that decide."""
        parts = [part for part in node.because if not self._says_nothing(node, part)]
        if node.kind is Kind.ANY and node.truth and not self.for_auditor:
            parts = [part for part in parts if part.truth][:1]
            return self.parts(parts[0]) if parts[0].kind is Kind.ALL else parts
        if node.kind is Kind.CRITERION and len(parts) == 1 and parts[0].kind in (Kind.ANY, Kind.ALL):
            return self.parts(parts[0]) if parts[0].truth or parts[0].kind is Kind.ALL else parts
        if node.kind is Kind.ROWS:
            return self._deciding(node)[: None if self.for_auditor else ROWS]
        return parts

    def _says_nothing(self, node: Node, part: Node) -> bool:
        """Whether an account manager learns nothing from a part: of a row, as all that is recorded is said of it."""
        if self.for_auditor or part.kind is not Kind.TEST or not isinstance(part.condition, Test):
            return False
        if node.scope is not None and part.truth and not part.because and part.condition.fact.scope:
            return True
        beside = [one for one in node.because if one.kind is Kind.TEST and one.id == part.id and one is not part]
        is_known = part.condition.op is Op.KNOWN
        return bool(beside) and (is_known if part.value is not None else not is_known)

    def _deciding(self, node: Node) -> list[Node]:
        """Return the rows that decide a test of records: those that pass, for `every` those that do not."""
        passes = not (isinstance(node.condition, Quantified) and node.condition.quantifier is Quantifier.EVERY)
        return [row for row in node.because if row.truth is passes]

    # --- labels -------------------------------------------------------------------------------------------------------

    def _label(self, node: Node) -> Text:
        teller = self.teller
        match node.kind:
            case Kind.FACT:
                return Text(self.heading(node))
            case Kind.RULE:
                return self._rule(node)
            case Kind.CRITERION:
                return marked(node.truth, teller.criterion(node.id))
            case Kind.CANDIDATE:
                return self._candidate(node)
            case Kind.TEST | Kind.ROWS if node.condition is not None:
                return marked(node.truth, self._stands(node))
            case Kind.ROW:
                said = teller.known(teller.phrases.row(node.scope or "", node.row), node.id)
                return Text(f"{said} [{node.id}]" if self.for_auditor else said)
        return marked(node.truth, teller.texts(f"group_{node.kind.value}"))

    def _stands(self, node: Node) -> str:
        if node.condition is None:
            return self.teller.wording.title(node.id)
        said = self.teller.known(self.teller.stands(node.condition, node.value, is_true=node.truth is True), node.id)
        heard = self.teller.heard.get(node.id)
        return f"{said} [{heard.row}]" if self.for_auditor and heard is not None and heard.sure is not None else said

    def _rule(self, node: Node) -> Text:
        said = self.teller.rule(node.id, node.row)
        if node.points is not None:
            said = f"{self.teller.wording.signed(node.points)}  {said}"
        if node.row:
            said += self.teller.beside(self.teller.phrases.row(node.scope or "", node.row))
        return Text.assemble(said, (self._stamp(node), _QUIET))

    def _stamp(self, node: Node) -> str:
        """Return where a rule comes from: for an auditor, its id, stratum, priority and sources."""
        if not self.for_auditor:
            return ""
        parts = [node.id, self.teller.texts("stratum", number=self.teller.strata[node.id])]
        if node.priority:
            parts.append(self.teller.texts("priority", number=node.priority))
        return f" [{', '.join([*parts, *self.teller.deriver.book[node.id].sources])}]"

    def _candidate(self, node: Node, gap: str = "") -> Text:
        return Text(f"{self.teller.candidate(node)} · {gap or self._points(node)}")

    def _points(self, node: Node) -> str:
        return self.teller.texts("points", points=self.teller.wording.number(node.points or 0))

    # --- what would have changed it -----------------------------------------------------------------------------------

    def _rivals(self, node: Node) -> Tree | None:
        """Return what would have changed a conclusion, with what keeps it from that; nearest first."""
        if node.kind is not Kind.FACT or not node.against:
            return None
        resolution = self.teller.deriver.resolutions.get(self.teller.key(node.id))
        if isinstance(resolution, Selection):
            return self._next_best(node)
        if not isinstance(resolution, Single):
            return None
        tree = branch(self.teller.texts("against"))
        rivals = sorted(node.against, key=lambda rival: len(_wrong(rival)))
        if not self.for_auditor:
            rivals = [rival for rival in rivals if not self._elsewhere(rival)][:RIVALS]
        for rival in rivals:
            self._rival(tree, node, rival)
        if rest := len(node.against) - len(rivals):
            tree.add(Text(self.teller.texts("more_rivals", number=rest), style=_QUIET))
        return tree

    def _elsewhere(self, rival: Node) -> bool:
        """Whether a rule is for customers at another stage."""
        stage = self.teller.pack.ladder.stage
        return any(part.id == str(stage) and part.kind is Kind.TEST for part in _wrong(rival))

    def _rival(self, tree: Tree, node: Node, rival: Node) -> None:
        teller = self.teller
        value = teller.value(teller.key(node.id), rival.value)
        said = teller.texts("would_give", rule=teller.called(rival.id), value=value)
        below = tree.add(hanging(Text.assemble(marked(rival.truth, said), (self._stamp(rival), _QUIET))))
        for part in _wrong(rival):
            if not self._says_nothing(rival, part):
                self._add(below, part, 1)

    def _next_best(self, node: Node) -> Tree:
        tree = branch(self.teller.texts("next_best"))
        limit = None if self.for_auditor else RIVALS
        best = min((one.points or 0 for one in node.because), default=0)
        for rival in node.against[:limit]:
            numbers = [self.teller.wording.number(number) for number in (rival.points or 0, best - (rival.points or 0))]
            below = tree.add(self._candidate(rival, self.teller.texts("behind", points=numbers[0], gap=numbers[1])))
            for part in rival.because[:limit]:
                below.add(hanging(self._label(part)))
        if rest := len(node.against[RIVALS:]) if limit else 0:
            tree.add(Text(self.teller.texts("more_rivals", number=rest), style=_QUIET))
        return tree


def _wrong(rule: Node) -> list[Node]:
    """Return the parts of a rule that are not true: of a gate the lines of its checklist."""
    return [part for part in rule.because if part.truth is not True]
