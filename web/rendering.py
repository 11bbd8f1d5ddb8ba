"""Pages from templates, in the reader's language; everything that comes from data is escaped."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from common.advised_since import since_in_words
from common.strategy import effect_in_words
from common.texts import PAGES, Texts
from facts.days import EARLIEST
from web.access import Visitor, site_of

STATIC = Path(__file__).with_name("static")
LANGUAGE = "valuelift_language"
LANGUAGES = ("en", "zh")


def language_of(request: Request) -> str:
    """Return the language that the reader chose, else the one that the browser asks for."""
    chosen = request.cookies.get(LANGUAGE)
    if chosen in LANGUAGES:
        return chosen
    return "zh" if request.headers.get("accept-language", "").lower().startswith("zh") else "en"


def page(
    request: Request, template: str, who: Visitor | None = None, /, *, status: int = 200, **values: Any
) -> HTMLResponse:
    """Return a page, or the part of it that htmx asks for."""
    return answer(write(request, template, who, **values), status)


def answer(written: str, status: int = 200) -> HTMLResponse:
    """Return a page that is written out."""
    return HTMLResponse(written, status, {"Vary": "Cookie, Accept-Language, HX-Target"})


def is_part(request: Request) -> bool:
    """Return whether htmx asks for a part of a page only."""
    return request.headers.get("hx-target") == "answer"


def write(request: Request, template: str, who: Visitor | None = None, /, **values: Any) -> str:
    """Write out a page, or the part of it that htmx asks for."""
    path = quote(request.url.path)
    here = path + (f"?{request.url.query}" if request.url.query else "")
    return (
        _templates()
        .get_template(template)
        .render(
            t=Texts(language_of(request), PAGES),
            who=who,
            here=here if request.method == "GET" else path.rpartition("/")[0] or "/",
            today=site_of(request).today(),
            earliest=EARLIEST,
            is_part=is_part(request),
            **values,
        )
    )


def customer_path(customer: str, below: str = "", **query: object) -> str:
    """Return the address of a customer's page, or of one below it."""
    asked = {name: value for name, value in query.items() if value not in (None, "")}
    return f"/customers/{quote(customer, safe='')}{below}" + (f"?{urlencode(asked, doseq=True)}" if asked else "")


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("web"), PackageLoader("common")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        customer_path=customer_path, effect_in_words=effect_in_words, since_in_words=since_in_words, urlencode=urlencode
    )
    environment.filters["sentence"] = lambda words: words[:1].upper() + words[1:]
    return environment
