"""Why actions were declined, counted for each rule that advised them."""

from __future__ import annotations

from commands.options import Query
from commands.output import print_json, print_page
from common.texts import Texts


def show_reasons(customer: str | None, query: Query) -> None:
    """Print the rules whose advice was declined, with the reasons, the most frequent first."""
    from commands.desk import open_store
    from engine.wording import Wording
    from facts.declined import declined
    from wiring import rules_in_use

    with open_store(query.db) as store:
        rows = declined(store, customer)
        pack = rules_in_use(store, query.pack).pack
    if query.as_json:
        print_json([{"rule": each.rule, "because": each.because, "count": each.count} for each in rows])
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    texts, wording = Texts(query.language), Wording(pack.vocabulary, query.language)
    if not rows:
        print_page(Text(texts("nothing_declined")))
        return
    titles = {rule.id: wording.text(rule.title) for rule in pack.rules}
    members = pack.vocabulary.enums["decline_reason"].members
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, header_style="bold")
    for name in ("rule", "declined_because"):
        table.add_column(texts(name))
    table.add_column(texts("times"), justify="right")
    for each in rows:
        because = wording.member_of("decline_reason", each.because) if each.because in members else texts("not_known")
        rule = texts("not_known") if each.rule is None else titles.get(each.rule, each.rule)
        table.add_row(rule, because, texts.number(each.count))
    print_page(table)
