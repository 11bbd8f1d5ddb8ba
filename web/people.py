"""Who is our counterpart at a customer; what is kept about a person is given out and erased by who looks after that."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from common.json_form import as_json
from common.texts import PAGES, Texts
from engine.wording import Wording
from facts.audit import PAGES as FROM_PAGES
from facts.cards import known
from facts.contacts import ERASED, erase, export, people
from facts.database import StoreError
from web.access import Fields, Keeper, OwnCustomer, Recorder, Visitor, site_of
from web.refusing import refusal_told
from web.rendering import customer_path, language_of, page
from web.site import Site, now

router = APIRouter()

Contact = Annotated[str, Query(max_length=200)]
Also = Annotated[str, Query(max_length=500)]


@router.get("/customers/{customer:path}/contacts")
def contacts(request: Request, who: Recorder, customer: OwnCustomer, erased: bool = False) -> Response:
    """Show who is our counterpart at the customer, those first who still are."""
    site, language = site_of(request), language_of(request)
    titles = site.rules().pack.vocabulary.enums["contact_role"].titles
    roles = {role: Wording(site.rules().pack.vocabulary, language).text(title) for role, title in titles.items()}
    found = sorted(people(site.store, customer, site.today()), key=lambda each: not each.stands)
    return page(
        request,
        "contacts.html",
        who,
        customer=customer,
        named=_name(site, customer),
        people=found,
        roles=roles,
        known=[name for name in ("title", "telephone", "email") if any(getattr(each, name) for each in found)],
        erased=erased,
    )


@router.get("/customers/{customer:path}/contacts/kept")
def kept(request: Request, who: Keeper, customer: OwnCustomer, contact: Contact, also: Also = "") -> Response:
    """Show what is kept about a person, before it is given out or erased."""
    return _kept(request, who, customer, contact, also)


@router.get("/customers/{customer:path}/contacts/export")
def export_kept(request: Request, who: Keeper, customer: OwnCustomer, contact: Contact, also: Also = "") -> Response:
    """Give out as a file all that is kept about a person: what `valuelift contact export` says."""
    try:
        found = export(site_of(request).store, customer, contact, _spellings(also))
    except StoreError as error:
        return _kept(request, who, customer, contact, also, refused=error)
    name = f"{found['contact']}.json".replace("/", "-")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return Response(as_json(found), media_type="application/json", headers=headers)


@router.post("/customers/{customer:path}/contacts/erase")
def erase_kept(request: Request, who: Keeper, customer: OwnCustomer, given: Fields) -> Response:
    """Erase what is kept about a person, once somebody has said that it is meant; this cannot be taken back."""
    contact, also = given.get("contact", ""), given.get("also", "")
    if "sure" not in given:
        return _kept(request, who, customer, contact, also, unsure=True)
    site, user = site_of(request), who.account.name
    try:
        erase(site.store, customer, contact, _spellings(also), user=user, source=FROM_PAGES)
    except StoreError as error:
        return _kept(request, who, customer, contact, also, refused=error)
    return RedirectResponse(customer_path(customer, "/contacts", erased="true"), 303)


def _name(site: Site, customer: str) -> str:
    """Return what a customer is called."""
    with site.store.asking() as connection:
        found = known(connection, customer, site.today(), now())
    return (found[1]["name"] if found else None) or customer


def _spellings(also: str) -> list[str]:
    """Return the other ways in which texts may name the person: one in each line."""
    return [line.strip() for line in also.splitlines() if line.strip()]


def _kept(
    request: Request,
    who: Visitor,
    customer: str,
    contact: str,
    also: str,
    *,
    refused: StoreError | None = None,
    unsure: bool = False,
) -> Response:
    """Return the page of what is kept about a person, or why there is none."""
    language, found = language_of(request), None
    try:
        found = export(site_of(request).store, customer, contact, _spellings(also))
    except StoreError as error:
        refused = refused or error
    texts = Texts(language, PAGES)
    why = texts("erase_unsure") if unsure else "" if refused is None else refusal_told(refused, texts)
    return page(
        request,
        "kept.html",
        who,
        status=422 if why else 200,
        customer=customer,
        contact=contact,
        also=also,
        found=found,
        is_erased=found is not None and all(row["name"] == ERASED for row in found["rows"]),
        refused=why,
    )
