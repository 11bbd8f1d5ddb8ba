"""The pages in a real browser: with scripts and without, light and dark, by keyboard, on phone and wide screen."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import profiles
from tests.conftest import ROOT
from tests.web.served import Served, log_in, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser

AXE = ROOT / "build" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CUSTOMER = "/customers/tallowfen"
ADDRESSES = (
    "/portfolio",
    "/portfolio/customers?stage=core",
    "/rules",
    "/rules?file=signs",
    "/rules/items/stalled-new",
    "/rules/graph",
    "/login",
    "/",
    CUSTOMER,
    f"{CUSTOMER}/plan",
    f"{CUSTOMER}/why",
    f"{CUSTOMER}/why-not?named=stage:core",
    f"{CUSTOMER}/path?named=stage:core",
    f"{CUSTOMER}/what-if?set=stage=core",
    f"{CUSTOMER}/contacts",
    "/nothing",
    "/?show=due",
    "/customers/norrlykta",  # with facts to confirm
)
FOR_ADMINISTRATORS = f"{CUSTOMER}/contacts/kept?contact=buyer"
VISITORS = ("admin",)
"""The roles to which no page is refused."""

TABBED = ("A", "BUTTON", "INPUT", "SELECT", "SUMMARY")
LARGEST_PAGE = 150_000
"""Bytes that a page may weigh, with everything that it loads."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return the demo as somebody starts it who tries it out."""
    with serving(tmp_path_factory.mktemp("served")) as found:
        yield found


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Return Debian's Chromium."""
    program = shutil.which("chromium")
    if program is None or not AXE.is_file():
        pytest.skip("no chromium, or no axe-core in build/axe; `.ci/run` installs both")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_page_has_an_accessibility_violation(
    chromium: Browser, served: Served, language: str, tmp_path: Path
) -> None:
    """axe-core finds nothing on any page, light on a wide screen or dark on a phone; none is too wide or heavy.

    What is folded is opened before.

    At the long count each role looks at each page; what a role may see is tested in `test_access.py`.
    """
    found = []
    weight: list[int] = []
    looks = (("light", 1280), ("dark", 360))
    is_long = profiles.ACTIVE == "long"
    for scheme, width in looks if is_long else looks[language == "zh" :][:1]:
        context = chromium.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if scheme == "dark" else "light",
            locale="zh-CN" if language == "zh" else "en-GB",
            bypass_csp=True,  # axe itself is no script of ours
        )
        page = context.new_page()
        page.on("response", lambda response: weight.append(int(response.headers.get("content-length", 0))))
        # Between them the two languages look at every page, wide or narrow; at a customer's both do.
        pages = ADDRESSES if is_long else tuple(dict.fromkeys((*ADDRESSES[language == "zh" :: 2], CUSTOMER)))
        whole = (*ADDRESSES, FOR_ADMINISTRATORS)
        visits = dict.fromkeys(served.passwords, whole) if is_long else {"manager": pages, "admin": whole[-1:]}
        for role, addresses in visits.items():
            context.clear_cookies()
            log_in(page, served, role)
            for number, address in enumerate(addresses):
                weight.clear()
                answer = page.goto(served.address + address, wait_until="networkidle")
                if sum(weight) > LARGEST_PAGE:
                    found.append((role, scheme, address, "weighs too much", str(sum(weight))))
                assert answer is not None
                may_be = {404} if address == "/nothing" else {200} if role in VISITORS else {200, 403}
                assert answer.status in may_be, (role, address)
                place = _shots(tmp_path) / f"{number:02}-{role}-{answer.status}-{language}-{scheme}.png"
                page.screenshot(path=place, full_page=True)
                page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
                page.evaluate(AXE.read_text())
                result = page.evaluate("tags => axe.run(document, {runOnly: tags})", TAGS)
                found += [(role, scheme, address, one["id"], one["nodes"][0]["html"]) for one in result["violations"]]
                if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                    found.append((role, scheme, address, "scrolls sideways", ""))
        context.close()
    assert found == []


def _shots(tmp_path: Path) -> Path:
    """Return where to leave pictures for people: the folder in VALUELIFT_SHOTS, if it is set."""
    folder = Path(os.environ.get("VALUELIFT_SHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.parametrize("scripts", [True, False])
def test_a_new_account_manager_finds_the_way(chromium: Browser, served: Served, scripts: bool) -> None:
    """From logging in to an accepted value and the next recommendation, by what the pages say, with scripts or not."""
    context = chromium.new_context(java_script_enabled=scripts, locale="en-GB")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    weight: list[int] = []
    page.on("response", lambda response: weight.append(int(response.header_value("content-length") or 0)))
    log_in(page, served, "manager")
    page.fill("input[name=find]", "tallowfen" if scripts else "amber")
    page.click("form[role=search] button")
    page.wait_for_load_state("networkidle")
    weight.clear()
    page.click("a.name")
    assert sum(weight) < LARGEST_PAGE
    if scripts:
        page.click("section[aria-labelledby=ladder] a.ask >> nth=0")
        page.wait_for_selector("#answer h2")
        assert page.evaluate("document.activeElement.id") == "answer"
        assert page.url.endswith("/customers/tallowfen")
    page.click("section[aria-labelledby=value] details summary >> text=Done")
    page.click("section[aria-labelledby=value] details[open] button")
    assert "Value conveyed" in page.inner_text("#done")
    page.select_option("select[name=outcome]", "accepted")
    page.click("form[action$='/effects'] button")
    assert "accepted" in page.inner_text("#done")
    page.click("#done a >> text=See what comes next")
    assert page.inner_text("section[aria-labelledby=value] dd b")
    assert complaints == []
    context.close()


def test_the_keyboard_is_enough(chromium: Browser, served: Served) -> None:
    """The first stop is the way past the head of the page; every stop is visible and marked."""
    context = chromium.new_context(locale="en-GB")
    page = context.new_page()
    log_in(page, served, "auditor")
    page.goto(served.address + CUSTOMER)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    for _ in range(6):
        page.keyboard.press("Tab")
        assert (
            page.evaluate("document.activeElement.matches(':focus-visible') && document.activeElement.tagName")
            in TABBED
        )
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    context.close()


@pytest.mark.parametrize("in_place", [True, False])
def test_what_if_is_asked_with_scripts(chromium: Browser, served: Served, in_place: bool) -> None:
    """Beside a customer's page and on a page of its own, a fact and one of its values are chosen and decided on."""
    context = chromium.new_context(locale="en-GB")
    page = context.new_page()
    log_in(page, served, "manager")
    page.goto(served.address + CUSTOMER + ("" if in_place else "/what-if"))
    if in_place:
        page.click("a.ask >> text=What if?")
    page.focus("#fact")
    page.select_option("#fact", "perception.brand")
    if in_place:
        page.wait_for_selector("#answer select[name=value] option[value=unaware]", state="attached")
        assert page.evaluate("document.activeElement.id") == "fact"
    else:
        page.click("text=Show the values of this fact")
    values = f"{'#answer' if in_place else 'main'} select[name=value]"
    page.select_option(values, "unaware")
    page.click("text=Decide anew")
    page.wait_for_selector("text=Leave out")
    assert "Perception: brand: unaware" in page.inner_text("#answer" if in_place else "main")
    assert page.url.endswith(CUSTOMER) == in_place
    assert page.input_value(values) == "unaware"
    page.click("text=Perception: brand: unaware")
    page.wait_for_selector("text=Leave out", state="detached")
    context.close()


def test_what_happens_is_recorded_with_scripts(chromium: Browser, served: Served) -> None:
    """A competitor's move is recorded by keyboard alone; what is needed is asked for before anything is sent."""
    context = chromium.new_context(locale="en-GB")
    page = context.new_page()
    log_in(page, served, "manager")
    page.goto(served.address + CUSTOMER)
    page.focus("summary >> text=Record a competitor's move")
    page.keyboard.press("Enter")
    form = "form[action$='/records/competitor']"
    page.press(f"{form} button", "Enter")
    assert page.evaluate("document.activeElement.name") == "competitor"
    page.keyboard.type("Northpeak")
    page.select_option(f"{form} [name=value_kind]", "service")
    page.select_option(f"{form} [name=strength]", "strong")
    page.press(f"{form} button", "Enter")
    page.wait_for_selector("#done")
    assert "Northpeak, service, stronger than we are" in page.inner_text("#done")
    page.click("#done button")
    page.wait_for_selector("text=The record was taken back.")
    context.close()


def test_a_long_name_fits_on_a_phone(chromium: Browser, served: Served) -> None:
    """A name of one long word is broken; no page scrolls sideways for it, nor where own records are taken back."""
    context = chromium.new_context(viewport={"width": 360, "height": 800}, locale="en-GB")
    page = context.new_page()
    log_in(page, served, "manager")
    for address, named in (("/", ".list a"), (CUSTOMER, "h1"), (f"{CUSTOMER}/plan", "h1"), (f"{CUSTOMER}/why", "h1")):
        page.goto(served.address + address)
        page.eval_on_selector(named, "name => { name.textContent = 'Donaudampfschifffahrt'.repeat(6) }")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
    unfold = "document.querySelectorAll('details').forEach(each => { each.open = true })"
    page.goto(served.address + CUSTOMER)
    page.evaluate(unfold)
    form = "form[action$='/records/competitor']"
    page.fill(f"{form} [name=competitor]", "Donaudampfschifffahrt" * 6)
    page.select_option(f"{form} [name=value_kind]", "social")
    page.select_option(f"{form} [name=strength]", "equal")
    page.click(f"{form} button")
    page.wait_for_selector("#done")
    page.evaluate(unfold)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click("#done button")
    context.close()
