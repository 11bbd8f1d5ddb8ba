"""`valuelift rules doc`: pages in both languages, on which every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

from commands.rules_new import KINDS
from tests.commands.conftest import DAY, call_command

METHOD = "method:\n  - {item: B5, title: {en: What the customer base is used for, zh: 客户数据库的用途}}\n"


def test_the_book_tells_everything_and_its_links_lead_somewhere(small_pack: Path, told_store: Path) -> None:
    """Each item has its place, links lead to places on the page, and rules show for how many customers they fire."""
    with (small_pack / "pack.yaml").open("a", encoding="utf-8") as manifest:
        manifest.write(METHOD)
    for kind in KINDS:
        call_command("rules", "new", kind, f"new-{kind}", "--pack", small_pack, "--source", "B5")
    out = small_pack / "book"
    answer = call_command("rules", "doc", small_pack, "--out", out, "--db", told_store, "--as-of", DAY)
    assert answer.lines == [str(out / "en.html"), str(out / "zh.html")]
    for page, words in (("en", "fires for "), ("zh", "个客户成立")):
        text = (out / f"{page}.html").read_text(encoding="utf-8")
        places = re.findall(r' id="([^"]+)"', text)
        assert len(places) == len(set(places))
        started = {"new-rule", "new-table", "new-gate", "new-scorecard", "action-new-action", "new-fact-advice"}
        assert {"long-here", *started, "method-B5"} <= set(places)
        assert set(re.findall(r'href="#([^"]+)"', text)) <= set(places)
        assert words in text
    english = (out / "en.html").read_text(encoding="utf-8")
    assert "Here for ‹Days in this stage› days." in english
    assert "A new customer is here for long" in english
