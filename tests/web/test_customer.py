"""A customer's page, what is recorded on it, the explanations beside it, and my day."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape

import pyarrow as pa
import pytest
from sqlalchemy import select, update

from common.strategy import effect_in_words
from common.texts import Texts
from engine.recommend import Recommendation, recommend
from engine.session import Session
from facts.audit import entries
from facts.demo import AS_OF
from facts.recording import record
from facts.runs import Run, publish
from facts.tables import communications, coverage
from tests.web.conftest import OWN, Browser, Pages, form_token
from web.customer import ASKED_AT_ONCE
from web.rendering import LANGUAGE

CUSTOMER = f"/customers/{OWN}"


def words(html: str) -> str:
    """Return what a page says, without its markup."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def said_after(browser: Browser, form: str, **fields: str) -> str:
    """Send a form of the customer's page; return what the page says was recorded, or why nothing was."""
    answer = browser.send(f"{CUSTOMER}/{form}", fields)
    if answer.status_code == 303:
        answer = browser.get(answer.headers["location"])
    found = re.search(r'id="done">(.*?)</section>', answer.text, re.DOTALL)
    assert found is not None
    return words(found[1])


def recommendation(pages: Pages, customer: str, language: str) -> Recommendation:
    """Return the recommendation as `valuelift recommend` makes it: firing by firing."""
    site = pages.app.state.site
    facts = site.decided([customer])[customer].facts
    return recommend(site.rules().pack, facts, Session(site.rules().program).decide(facts), language)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_says_what_recommend_says(pages: Pages, language: str) -> None:
    """Stage, checklists, value, plan, guard rails and questions stand on the page, in the reader's language."""
    for customer in (OWN, "plum-gate"):
        shown = recommendation(pages, customer, language)
        said = words(pages.visit("auditor", language).get(f"/customers/{customer}").text).casefold()
        assert shown.proposal is not None
        assert shown.proposal.checklist is not None
        expected = [
            *(line.title for line in shown.proposal.checklist.criteria),
            *(fact for line in shown.proposal.checklist.criteria for fact in line.because),
            *([shown.value.content.title, *shown.value.parts.values()] if shown.value else []),
            *(text for action in shown.plan for text in (action.action.title, *action.reasons[:1], *action.steps)),
            *shown.guard_rails,
            *(question.text for question in shown.questions),
        ]
        assert [text for text in expected if re.sub(r"\s+", " ", text).casefold() not in said] == []


@pytest.mark.parametrize(
    ("language", "told"), [("en", "Records end early: orders on"), ("zh", "记录截止偏早：订单截至")]
)
def test_the_page_says_which_records_end_before_today(own_pages: Pages, language: str, told: str) -> None:
    """An export of some days ago says nothing of today; where recording goes on there is nothing to say."""
    visit = own_pages.visit("manager", language)
    assert told not in words(visit.get(CUSTOMER).text)
    since = AS_OF - timedelta(days=3)
    with own_pages.store.writing() as connection:
        connection.execute(update(coverage).where(coverage.c.collection == "orders").values(recorded_to=since))
    assert told in words(own_pages.visit("auditor", language).get("/customers/plum-gate").text)


def test_a_page_is_written_for_its_reader(pages: Pages) -> None:
    """A page that is kept is shown again to the same session alone: another reader gets own rights and an own token."""
    manager, colleague = pages.visit("manager"), pages.visit("manager")
    first, again, other = manager.get(CUSTOMER).text, manager.get(CUSTOMER).text, colleague.get(CUSTOMER).text
    assert again == first
    assert form_token(other) != form_token(first)
    assert other.replace(form_token(other), form_token(first)) == first
    assert f'action="{CUSTOMER}/stage"' not in pages.visit("auditor").get(CUSTOMER).text
    assert 'lang="zh' in pages.visit("manager", "zh").get(CUSTOMER).text
    assert manager.get(CUSTOMER).text == first


def test_the_timeline_tells_earlier_advice(own_pages: Pages) -> None:
    """What the first run advised, and what each later one changed; a run that advised the same is left out."""
    advised = [("new", "new", "product"), ("new", "established", "product"), ("new", "established", "product")]
    for month, (stage, proposed, value) in enumerate(advised, 2):
        run = Run(date(2026, month, 1), datetime.now(UTC), "p", "1", "-", "-", str(month), "test")
        row = {"customer": OWN, "stage": stage, "proposed_stage": proposed, "move": "stay", "value_next": value}
        publish(own_pages.store, run, 1, [pa.Table.from_pylist([{**row, "provisional": False, "fired_rules": "[]"}])])
    found = re.search(r'id="timeline">.*?</section>', own_pages.visit("auditor").get(CUSTOMER).text, re.DOTALL)
    assert found is not None
    lines = [words(each) for each in re.findall(r"<li>(.*?)</li>", found[0]) if "Advice" in each]
    assert lines == [
        "Advice changed: Proposed stage: new customer → established customer (1 Mar 2026)",
        "Advice: Stage: new customer, Proposed stage: new customer, Value to convey next: product (1 Feb 2026)",
    ]


@pytest.mark.parametrize(("language", "asked"), [("en", "still so?"), ("zh", "现在仍是这样吗？")])
def test_a_fact_heard_long_ago_is_confirmed_in_place(own_pages: Pages, language: str, asked: str) -> None:
    """The page names it with its day; the same value said again makes it fresh, and nothing else changes."""
    page, browser = "/customers/iron-persimmon", own_pages.visit("admin", language)
    before = browser.get(page).text
    assert asked in before
    form = 'name="fact" value="cooperation_acceptance"'
    assert form in before
    assert '<option value="accepted" selected>' in before
    answer = {"fact": "cooperation_acceptance", "value": "accepted", "evidence": "said so again", "on": "2026-06-30"}
    assert browser.send(f"{page}/answers", answer).status_code == 303
    assert form not in browser.get(page).text
    auditor = own_pages.visit("auditor", language).get(page).text
    assert asked in auditor
    assert 'name="evidence"' not in auditor


@pytest.mark.parametrize(
    ("language", "says"), [("en", "Not counted XPF: no exchange rate"), ("zh", "未计入 XPF：没有汇率")]
)
def test_amounts_without_a_rate_are_named(own_pages: Pages, language: str, says: str) -> None:
    """The page says which amounts count as unknown."""
    browser = own_pages.visit("admin", language)
    assert says not in words(browser.get(CUSTOMER).text)
    bill = {"key": "X-1", "customer": OWN, "amount": Decimal(10), "currency": "XPF", "holds_from": AS_OF}
    record(own_pages.app.state.site.store, "invoices", [bill], user="ann", source="test")
    assert says in words(browser.get(CUSTOMER).text)


def test_a_guess_is_confirmed_in_place(own_pages: Pages) -> None:
    """The page asks for it and wants to know how it is known by now; in Chinese the store's refusal is Chinese too."""
    page, browser = "/customers/iron-persimmon", own_pages.visit("admin")
    guess = {"fact": "perception.brand", "value": "accepted", "evidence": "a feeling", "on": "2026-06-29"}
    assert browser.send(f"{page}/answers", {**guess, "sure": "surely"}).status_code == 422
    assert browser.send(f"{page}/answers", {**guess, "sure": "estimate"}).status_code == 303
    before = browser.get(page).text
    assert "Accepted (29 Jun 2026, entered by admin; only our own estimate)" in words(before)
    assert re.search(r'value="perception.brand">(?:(?!</form>).)*name="sure" required', before, re.DOTALL)
    told = {**guess, "evidence": "said so", "on": "2026-06-30", "sure": "told"}
    assert browser.send(f"{page}/answers", told).status_code == 303
    assert 'name="fact" value="perception.brand"' not in browser.get(page).text
    again = own_pages.visit("admin", "zh").send(f"{page}/answers", told)
    assert "自2026年6月30日起已是如此（admin于" in again.text


def test_one_turn_of_the_loop(own_pages: Pages) -> None:
    """A value is accepted, conveyed and heard of; each time the page says what changes, and what comes next."""
    manager = own_pages.visit("manager")
    assert "Convey the next value, open" in said_after(manager, "actions", action="convey-value", state="open")
    told = {"value_kind": "product", "medium": "technical_exchange", "audience_role": "user", "on": "2026-06-10"}
    said = said_after(manager, "value", **told)
    assert "First action: Convey the next value → Ask how the last message was received" in said
    page = manager.get(CUSTOMER).text
    found = re.search(r'name="communication"><option value="([^"]+)"', page)
    assert found is not None
    said = said_after(manager, "effects", communication=found[1], outcome="accepted", contact="user", reason="fine")
    assert "Perception: product: understood → accepted" in said
    assert "From new to established customer, conditions met: 8 of 10 → 9 of 10" in said
    for level in ("recognised", "accepted"):
        answer = {"fact": "cooperation_acceptance", "value": level, "evidence": "said so"}
        day = "2026-06-20" if level == "recognised" else "2026-06-21"
        said = said_after(manager, "answers", **answer, on=day)
    assert "Proposed stage: new customer → established customer" in said
    assert "Stage: new customer → established customer" in said_after(manager, "stage", stage="established")
    newest = entries(own_pages.store, customer=OWN)
    assert {(entry.user, entry.origin) for entry in newest[:6]} == {("manager", "pages")}
    assert "fine" not in words(manager.get(CUSTOMER).text).split()  # what they said is personal
    assert "taken back" in said_after(manager, "undo", number=str(newest[0].id))
    assert "New customer since" in words(manager.get(CUSTOMER).text)


@pytest.mark.parametrize(
    ("form", "fields", "said"),
    [
        ("value", {}, "Something is missing"),
        ("value", {"value_kind": "nonsense", "medium": "visit"}, "one of the words offered"),
        ("value", {"value_kind": "brand", "medium": "visit", "on": "30.6."}, "Write it as 2024-06-30"),
        ("value", {"value_kind": "brand", "medium": "visit", "on": "2026-07-01"}, "lies after 2026-06-30"),
        ("value", {"value_kind": "brand", "medium": "visit", "on": "0001-01-01"}, "lies before 1800-01-01"),
        ("effects", {"communication": "ninefold/brand", "outcome": "accepted"}, "is not on record"),
        ("actions", {"action": "convey-value", "state": "declined"}, "Please say why"),
        ("actions", {"action": "convey-value", "state": "snoozed", "until": "2026-06-30"}, "until a later day"),
        ("actions", {"action": "'; DROP TABLE actions; --", "state": "done"}, "one of the words offered"),
        ("answers", {"fact": "credit_score", "value": "much"}, "is no value of credit_score"),
        ("answers", {"fact": "", "value": "much"}, "Something is missing"),
        ("answers", {"fact": "orders_90d", "value": "3"}, "counted from the records of orders"),
        ("stage", {"stage": "core"}, "please give the reason"),
        ("undo", {"number": "1"}, "what you recorded yourself"),
        ("undo", {"number": "9" * 20}, "what you recorded yourself"),
    ],
)
def test_what_does_not_fit_is_explained_and_not_recorded(
    pages: Pages, form: str, fields: dict[str, str], said: str
) -> None:
    """A form that contradicts the records or itself is answered with the reason on the page; nothing changes."""
    before = entries(pages.store, customer=OWN)
    assert said in said_after(pages.visit("admin"), form, **fields)
    assert entries(pages.store, customer=OWN) == before


REFUSED = (
    ("value", {"value_kind": "brand", "medium": "visit", "on": "2026-07-01"}, "晚于今天"),
    ("value", {"value_kind": "brand", "medium": "visit", "on": "1700-01-01"}, "最早可填1800年1月1日"),
    ("effects", {"communication": "ninefold/brand", "outcome": "accepted"}, "没有找到这条记录"),
    ("actions", {"action": "nurse-claim", "state": "snoozed", "until": "2027-01-01"}, ""),
    ("answers", {"fact": "credit_score", "value": "much"}, "不是有效的取值"),
    ("answers", {"fact": "credit_score", "value": "-1"}, "超出范围"),
    ("answers", {"fact": "orders_90d", "value": "3"}, "由业务记录统计得出"),
    ("answers", {"fact": "stage", "value": "core"}, "没有登记"),
    ("answers", {"fact": "cooperation_acceptance", "value": "recognised"}, "没有说明依据"),
    ("answers", {"fact": "nonsense", "value": "1"}, "没有名为"),
    ("answers", {"fact": "credit_score", "value": "2026-02-30"}, "“2026-02-30”不是有效的取值。请填整数"),
    ("answers", {"fact": "credit_score", "value": "640", "on": "2001-01-01"}, "起才有资料"),
)


def test_refusals_are_said_in_the_reader_s_language(pages: Pages) -> None:
    """Whoever reads Chinese is told in Chinese why nothing was recorded, also where it is the store that refuses."""
    admin = pages.visit("admin", "zh")
    for form, fields, expected in REFUSED:
        said = said_after(admin, form, **fields)
        assert expected in said
        assert not re.search(r"[a-z]+ [a-z]+ [a-z]+", said), said


def test_another_record_of_the_day_is_refused_without_ids(own_pages: Pages) -> None:
    """Who records a need otherwise on its day reads in Chinese that it is on record, without words of the store."""
    manager = own_pages.visit("manager", "zh")
    said_after(manager, "records/need", kind="brand", state="unmet")
    said = said_after(manager, "records/need", kind="brand", state="met")
    assert re.search(r"已有不同的登记（manager于\d+年\d+月\d+日登记）", said)
    assert "unmet" not in said


def test_the_second_of_two_who_edit_one_plan_is_told(own_pages: Pages) -> None:
    """A form of a page that was open while somebody else recorded is refused once; then it fits."""
    manager, operator = own_pages.visit("manager"), own_pages.visit("operator")
    action = {"action": "convey-value", "state": "open"}
    found = re.search(r'name="seen" value="(\d+)"', manager.get(CUSTOMER).text)
    assert found is not None
    assert "open" in said_after(operator, "actions", **action, seen=found[1])
    done = {"action": "convey-value", "state": "done"}
    answer = manager.send(f"{CUSTOMER}/actions", {**done, "seen": found[1]})
    assert answer.status_code == 422
    assert "Somebody else recorded something of this customer" in answer.text
    now = re.search(r'name="seen" value="(\d+)"', answer.text)
    assert now is not None
    assert "done" in said_after(manager, "actions", **done, seen=now[1])


def test_what_people_write_is_never_markup(own_pages: Pages, pages: Pages) -> None:
    """Text that looks like HTML is shown as the text that it is."""
    evil = "<script>alert(1)</script>"
    admin = own_pages.visit("admin")
    said_after(admin, "answers", fact="cooperation_acceptance", value="recognised", evidence=evil)
    page = admin.get(CUSTOMER).text
    assert "<script>alert" not in page
    assert evil in unescape(page)
    assert "<script>alert" not in pages.visit("admin").get(f"/?find={evil}").text


def test_two_people_do_not_overwrite_each_other(own_pages: Pages) -> None:
    """The second of two who record the same is told that it is on record."""
    told = {"value_kind": "brand", "medium": "visit", "on": "2026-06-20"}
    assert "Recorded" in said_after(own_pages.visit("manager"), "value", **told)
    assert "is not recorded again" in said_after(own_pages.visit("operator"), "value", **told)
    with own_pages.store.reading() as connection:
        rows = connection.execute(select(communications.c.key).where(communications.c.customer == OWN)).scalars().all()
    assert len([key for key in rows if key == f"{OWN}/brand/visit/2026-06-20"]) == 1


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ("why", 200, "What would have changed this"),
        ("why?subject=convey-value&audience=auditor", 200, "stratum"),
        ("why?subject=nonsense", 422, "is no fact, action or rule"),
        ("why-not?named=stage:core", 200, "Not in one step"),
        ("why-not?named=value:service", 200, "Service has 42 points, product 58"),
        ("why-not?named=stage:nonsense", 422, "one of the words offered"),
        ("why-not?named=action:nonsense", 422, "is no action of this pack"),
        ("path?named=stage:core", 200, "Tried out: with these changes"),
        ("path?named=stage:nonsense", 422, "one of the words offered"),
        ("what-if?set=stage=core", 200, "new customer core customer"),
        ("what-if?fact=credit_score&value=-1", 422, "credit_score"),
        ("what-if", 200, "Decide anew"),
    ],
)
def test_explanations_are_one_click_away(pages: Pages, asked: str, status: int, said: str) -> None:
    """Explanations are answered on a page of their own, or in place where htmx asks for that."""
    auditor = pages.visit("auditor")
    whole = auditor.get(f"{CUSTOMER}/{asked}")
    part = auditor.client.get(f"{CUSTOMER}/{asked}", headers={"HX-Request": "true", "HX-Target": "answer"})
    assert (whole.status_code, part.status_code) == (status, status)
    assert said in words(whole.text)
    assert said in words(part.text)
    assert "<html" in whole.text
    assert "<html" not in part.text


# --- my day, language ---


def listed(browser: Browser, query: str = "") -> list[str]:
    """Return the customers on the list, in its order."""
    return re.findall(r'class="name" href="/customers/([^"]+)"', browser.get(f"/{query}").text)


def test_my_day_is_ordered_and_narrowed_by_the_address(pages: Pages) -> None:
    """The most urgent customer comes first; stage, name, changes of stage and pages are asked for in the address."""
    admin = pages.visit("admin")
    overview = pages.app.state.site.desk().overview().to_pylist()
    ordered = sorted(overview, key=lambda row: (-(row["urgency"] or 0), row["customer"]))
    first = listed(admin)
    assert first + listed(admin, "?page=2") == [row["customer"] for row in ordered]
    assert listed(admin, "?stage=core") == [row["customer"] for row in ordered if row["stage"] == "core"]
    moves = [row["customer"] for row in ordered if row["move"] not in (None, "stay")]
    assert listed(admin, "?show=moves") == moves
    assert listed(admin, "?find=SILVER") == [OWN]
    assert listed(admin, "?find=nobody&page=99&show=nonsense") == []
    assert f'href="/?{"show=due&amp;stage=core"}"' in admin.get("/?stage=core").text


def test_the_language_is_remembered(pages: Pages) -> None:
    """The browser's language comes first; the one chosen is kept, and leads back to where it was chosen."""
    browser = pages.visit("auditor", "zh-CN,zh;q=0.9")
    page = browser.get(f"{CUSTOMER}/why?subject=stage").text
    assert '<html lang="zh-Hans">' in page
    link = re.search(r'href="(/language/en[^"]*)"', page)
    assert link is not None
    chosen = browser.get(unescape(link[1]))
    assert chosen.headers["location"] == f"{CUSTOMER}/why?subject=stage"
    assert browser.client.cookies[LANGUAGE] == "en"
    assert '<html lang="en">' in browser.get("/").text


def test_the_plan_is_shown_to_print(pages: Pages) -> None:
    """A page of its own holds the plan as the command writes it, without forms, in the reader's language."""
    manager = pages.visit("manager", "zh")
    assert f'href="{CUSTOMER}/plan"' in manager.get(CUSTOMER).text
    shown = manager.get(f"{CUSTOMER}/plan")
    assert (shown.status_code, "<form" in shown.text) == (200, False)
    said = words(shown.text)
    for action in recommendation(pages, OWN, "zh").plan:
        assert action.action.title in said
    assert manager.get("/customers/nobody/plan").status_code == 404
    assert manager.get("/static/plan.css").status_code == 200


def test_what_happened_is_recorded_where_it_is_told(own_pages: Pages) -> None:
    """A talk, a complaint and that it is settled, and a need stand on the timeline, and change what is advised."""
    manager = own_pages.visit("manager", "zh")
    talk = {"medium": "telephone", "direction": "theirs", "audience_role": "buyer", "summary": "secret-words"}
    assert "沟通：电话、发起方：客户、对象：采购" in said_after(manager, "records/talk", **talk)
    said = said_after(manager, "records/complaint", signal="supply_late", severity="high")
    assert all(one in said for one in ("投诉：供货不及时、严重程度：严重", "处理客户投诉"))
    page = manager.get(CUSTOMER).text
    assert "secret-words" not in page
    assert "沟通：电话、发起方：客户、对象：采购" in words(page)
    found = re.search(r'<option value="([^"]+)">供货不及时、', page)
    assert found is not None
    said_after(manager, "records/complaint-settled", earlier=found[1], on=AS_OF.isoformat())
    assert "投诉已解决" not in words(manager.get(CUSTOMER).text)
    assert "部分满足、客户告知" in said_after(
        manager, "records/need", kind="information", state="partly_met", sure="told"
    )
    assert "→ 全面满足核心需求" in said_after(manager, "records/need", kind="brand", state="unmet", level="basic")
    assert "未登记" in said_after(manager, "records/need", kind="information")
    assert "未登记" in said_after(manager, "records/talk", medium="pigeon")


def test_the_head_of_the_page_leads_to_its_parts(pages: Pages) -> None:
    """From the top one gets to value, plan, questions and the forms; who records nothing, to what happened."""
    for role, last in (("manager", "Record what happened"), ("auditor", "What happened")):
        page = pages.visit(role).get(CUSTOMER).text
        nav = re.search(r'<nav class="choices" aria-label="On this page">(.*?)</nav>', page, re.DOTALL)
        assert nav is not None
        places = re.findall(r'href="#(\w+)"', nav[1])
        assert places == ["value", "plan", "questions", "timeline"]
        assert all(f'id="{place}"' in page for place in places)
        assert words(nav[1]).strip().endswith(last)


def test_what_is_asked_of_records_leads_to_their_form(pages: Pages) -> None:
    """A question that no single answer settles leads to the form that does; who records nothing is led nowhere."""
    for customer, place in (("pellwood", "effects"), ("paper-crane", "record-dispute"), ("amber-snail", "record-need")):
        page = pages.visit("admin").get(f"/customers/{customer}").text
        questions = page[page.index('class="questions"') :]
        assert f'<a href="#{place}">' in questions
        assert f'id="{place}"' in page
        assert 'href="#record-' not in pages.visit("auditor").get(f"/customers/{customer}").text


def test_only_the_first_questions_are_unfolded(pages: Pages) -> None:
    """Those that settle most stand open, in their order; the others are folded with their number."""
    asked = [each.text for each in recommendation(pages, "amber-snail", "en").questions]
    page = pages.visit("admin").get("/customers/amber-snail").text
    part = page[page.index('aria-labelledby="questions"') : page.index('aria-labelledby="profile"')]
    open_part, folded = part.split("<details>")
    assert f"{len(asked) - ASKED_AT_ONCE} more questions" in words(folded)
    assert all(text in words(open_part) for text in asked[:ASKED_AT_ONCE])
    assert all(text in words(folded) for text in asked[ASKED_AT_ONCE:])


def test_what_is_accepted_is_to_stay_so(pages: Pages) -> None:
    """The effect of a value that the customer accepts is told as keeping it, on page and terminal alike."""
    manager = pages.visit("admin")
    assert "Stay accepted, as now" in words(manager.get("/customers/tidewheel").text)
    assert "继续保持接受" in words(pages.visit("admin", "zh").get("/customers/tidewheel").text)
    parts = {"effect": "accepted", "perceived": "recognised"}
    assert effect_in_words(Texts("en"), parts) == "accepted (now: recognised)"
    assert effect_in_words(Texts("en"), {"effect": "accepted"}) == "accepted"


def test_what_competitors_do_is_recorded(own_pages: Pages) -> None:
    """How a competitor stands is told, changes what is known of it, and its name is on offer the next time."""
    manager = own_pages.visit("manager")
    form = {"competitor": "Northpeak", "value_kind": "service", "strength": "strong"}
    said = said_after(manager, "records/competitor", **form, disturbing="yes", on="2026-06-20")
    assert "Competitor: Northpeak, service, stronger than we are, tries to win the customer (20 Jun 2026)" in said
    assert '<datalist id="known-competitor"><option value="Northpeak">' in manager.get(CUSTOMER).text
    said = said_after(manager, "records/competitor", **{**form, "strength": "weak"}, disturbing="no")
    assert "weaker than we are" in said
    rows = own_pages.app.state.site.decided([OWN])[OWN].facts.rows["competitor_signals"]
    (row,) = (row for row in rows if row.key == f"{OWN}/Northpeak/service")
    assert (row.facts["strength"], row.facts["disturbing"]) == ("weak", False)
    assert "Something is missing" in said_after(manager, "records/competitor", competitor="Northpeak", strength="weak")


def test_what_i_recorded_can_be_taken_back_on_a_second_visit(own_pages: Pages) -> None:
    """A record of one's own is offered to be taken back as long as it stands; others' are not."""
    manager, operator = own_pages.visit("manager"), own_pages.visit("operator")
    assert "Take back what I recorded" not in manager.get(CUSTOMER).text
    said_after(manager, "records/complaint", signal="supply_late", severity="high")
    page = manager.get(CUSTOMER).text
    assert "Take back what I recorded Complaint: supply is not in time, severity: high" in words(page)
    assert "Take back what I recorded" not in operator.get(CUSTOMER).text
    number = re.search(r'name="number" value="(\d+)"', page)
    assert number is not None
    assert "taken back" in said_after(manager, "undo", number=number[1])
    assert "Take back what I recorded" not in manager.get(CUSTOMER).text


def test_what_stays_in_the_plan_and_what_changes_little_is_said_as_by_the_command(own_pages: Pages) -> None:
    """An action put off whose reason lasts stays in the plan; details that change are not called no change."""
    manager = own_pages.visit("manager", "zh")
    said_after(manager, "records/complaint", signal="supply_late", severity="high")
    about = f"{OWN}/supply_late/{AS_OF}"
    put_off = {"action": "settle-complaint", "about": about, "state": "snoozed", "until": "2026-07-20"}
    assert "原因尚未消除，仍保留在行动计划中：处理客户投诉" in said_after(manager, "actions", **put_off)
    said_after(manager, "records/competitor", competitor="Northpeak", value_kind="social", strength="equal")
    said = said_after(manager, "value", value_kind="brand", medium="visit", audience_role="buyer")
    assert "阶段、价值和行动计划没有变化，细节有更新。" in said


def test_a_talk_says_who_sought_it(own_pages: Pages) -> None:
    """Without it nobody could tell any more whether the customer takes steps too."""
    manager = own_pages.visit("manager")
    assert "Something is missing" in said_after(manager, "records/talk", medium="visit")


def test_what_the_plan_asks_for_can_be_recorded_on_the_page(own_pages: Pages) -> None:
    """Terms that are agreed and how they stand, and whether a need is felt and what is wanted at heart behind it."""
    manager = own_pages.visit("manager", "zh")
    said = said_after(manager, "records/agreement", kind="rent", state="kept", payment_days="45", measure="按运行时间")
    assert "协议：以租代买、账期45天、" in said
    broken = said_after(manager, "records/agreement", kind="cooperation", state="broken")
    assert "维护已约定的合作方式" in broken
    need = {"kind": "information", "state": "unmet", "tier": "latent", "felt": "no", "heart_value": "change"}
    assert "改变、客户未意识到" in said_after(manager, "records/need", **need)
    assert "未登记" in said_after(manager, "records/agreement", kind="rent")
    assert "未登记" in said_after(manager, "records/agreement", kind="rent", state="kept", payment_days="9999")


def test_a_contact_is_recorded_and_named_on_the_page_of_contacts_alone(own_pages: Pages) -> None:
    """The name and how to reach the person go there; the role counts at once, and nobody is recorded twice."""
    manager = own_pages.visit("manager", "zh")
    person = {"name": "Quirin Obermaier", "role": "decision_maker", "telephone": "+49 555 0100", "email": "q@o.example"}
    assert "联系人：决策者" in said_after(manager, "records/contact", **person)
    page = manager.get(CUSTOMER).text
    assert "Obermaier" not in page
    assert "0100" not in page
    listed = words(manager.get(f"{CUSTOMER}/contacts").text)
    assert all(one in listed for one in (person["name"], person["telephone"], person["email"]))
    assert "已有同名同角色的联系人" in said_after(manager, "records/contact", **person)
    assert "联系人：决策者" in said_after(manager, "records/contact", name="Ann Obermaier", role="decision_maker")
    assert "未登记" in said_after(manager, "records/contact", role="buyer")


def test_a_dispute_is_recorded_and_followed(own_pages: Pages) -> None:
    """A dispute begins, its talks are counted, and once it is settled nothing more is asked of it."""
    manager = own_pages.visit("manager", "zh")
    assert "更新争议进展" not in manager.get(CUSTOMER).text
    said = said_after(manager, "records/dispute", summary="secret-words", cooperation_broken="yes", on="2026-06-20")
    assert "争议：" in said
    assert "合作中断" in said
    page = manager.get(CUSTOMER).text
    assert "secret-words" not in page
    found = re.search(
        r'<select name="earlier" required>.*?<option value="([^"]+dispute-2026-06-20)">2026年6月20日', page, re.DOTALL
    )
    assert found is not None
    assert "请填写整数" in said_after(manager, "records/dispute-stands", earlier=found[1], talks_held="many")
    assert "未登记" in said_after(manager, "records/dispute-stands", earlier=found[1])
    assert "未登记" in said_after(manager, "records/dispute-stands", settled="yes")
    said = said_after(
        manager, "records/dispute-stands", earlier=found[1], talks_held="2", settled="yes", cooperation_broken="no"
    )
    assert "已沟通2次、已解决" in said
    (row,) = own_pages.app.state.site.decided([OWN])[OWN].facts.rows["disputes"]
    assert (row.facts["settled"], row.facts["talks_held"], row.facts["cooperation_broken"]) == (True, 2, False)
    assert "更新争议进展" not in manager.get(CUSTOMER).text


def test_a_recommendation_by_the_customer_is_recorded(own_pages: Pages) -> None:
    """That a customer recommends us is told with how and when, and not twice for one day."""
    manager = own_pages.visit("manager", "zh")
    assert "客户推荐：公开称赞（2026年6月20日）" in said_after(
        manager, "records/referral", kind="public_praise", on="2026-06-20"
    )
    assert "没有重复登记" in said_after(manager, "records/referral", kind="public_praise", on="2026-06-20")
    assert manager.send(f"{CUSTOMER}/records/nonsense").status_code == 404


def test_my_day_shows_what_is_due_and_when(pages: Pages) -> None:
    """Each customer's first action stands with its day, and everything due within a week can be opened."""
    page = pages.visit("operator", "zh").get("/").text
    shown = recommendation(pages, OWN, "zh").plan[0]
    day = f"{shown.due_on.year}年{shown.due_on.month}月{shown.due_on.day}日"
    card = page[page.index(f'class="name" href="{CUSTOMER}"') :]
    assert day in card[: card.index("</li>")]
    rest = re.search(r"<summary>另有(\d+)项</summary>(.*?)</details>", page, re.DOTALL)
    assert rest is not None
    assert rest[2].count("<li>") == int(rest[1])


def test_what_has_been_advised_for_days_says_so(own_pages: Pages) -> None:
    """On my day, the customer's page and the plan an action tells since when runs have advised it."""
    desk = own_pages.app.state.site.desk()
    rules = [rule for each in desk.decide(OWN).decision.actions for rule in each.rules]
    for number, day in enumerate((date(2026, 6, 28), date(2026, 6, 29))):
        run = Run(day, datetime.now(UTC), "p", "1", "-", "-", str(number), "test")
        row = {"customer": OWN, "stage": "new", "proposed_stage": "new", "move": "stay", "value_next": "product"}
        decided = {**row, "provisional": False, "fired_rules": json.dumps(rules)}
        publish(own_pages.store, run, 1, [pa.Table.from_pylist([decided])])
    manager = own_pages.visit("manager")
    for path in ("/", CUSTOMER, f"{CUSTOMER}/plan"):
        assert "Advised since 28 Jun 2026 (2 days)." in words(manager.get(path).text), path


def test_what_a_value_cost_is_asked_and_can_be_said_later(own_pages: Pages) -> None:
    """The form for a value asks for its cost; one recorded without it leads to a form that adds it."""
    manager = own_pages.visit("manager")
    told = {"value_kind": "product", "medium": "visit", "on": "2026-06-20"}
    assert 'name="cost_class"' in manager.get(CUSTOMER).text
    assert manager.send(f"{CUSTOMER}/value", told).status_code == 303
    heard = {"communication": "product/visit/2026-06-20", "outcome": "rejected", "on": "2026-06-21"}
    assert manager.send(f"{CUSTOMER}/effects", heard).status_code == 303
    page = manager.get(CUSTOMER).text
    assert '<a href="#record-cost">' in page
    assert 'id="record-cost"' in page
    cost = {"earlier": "product/visit/2026-06-20", "cost_class": "low"}
    page = manager.get(manager.send(f"{CUSTOMER}/records/cost", cost).headers["location"]).text
    assert "cost: low" in words(page)
    assert "record-cost" not in page


def test_what_was_taken_on_and_is_not_advised_any_more_can_be_ended(own_pages: Pages) -> None:
    """The page of a customer shows it apart from the plan, with a button."""
    operator, page = own_pages.visit("operator"), "/customers/grey-heron"
    assert operator.send(f"{page}/actions", {"action": "meet-decision-makers", "state": "open"}).status_code == 303
    met = {"name": "Eva Lund", "role": "decision_maker"}
    assert operator.send(f"{page}/records/contact", met).status_code == 303
    shown = operator.get(page).text
    assert "Get to know the people who decide, due 21 Jul 2026" in words(shown[shown.index('id="left-open"') :])
    assert 'id="left-open"' in own_pages.visit("auditor").get(page).text
    assert operator.send(f"{page}/actions", {"action": "meet-decision-makers", "state": "done"}).status_code == 303
    assert 'id="left-open"' not in operator.get(page).text
