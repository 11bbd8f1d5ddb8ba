"""Personal data of a person at a customer: given out and erased, by those who look after that."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from facts.audit import INTERFACE
from facts.contacts import erase, export
from facts.database import StoreError
from web.access import site_of
from web.api.answers import Key, answer, answer_once
from web.api.callers import Keeping
from web.api.models import ContactErased, ContactIn, ContactKept, Text
from web.api.problems import refused

router = APIRouter(tags=["personal data"])


@router.get("/customers/{customer:path}/contact", response_model=ContactKept)
def contact(
    request: Request,
    asks: Keeping,
    contact: Annotated[Text, Query(title="The contact's key, the key's end, or the name", examples=["decision_maker"])],
    also: Annotated[list[Text], Query(title="Other ways in which texts may name the person", max_length=20)] = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Give out all that is kept about a person at the customer."""
    try:
        return answer(request, export(site_of(request).store, asks.customer, contact, also))
    except StoreError as error:
        raise refused(error) from None


@router.post("/customers/{customer:path}/contact/erase", response_model=ContactErased, status_code=201)
def erase_contact(request: Request, asks: Keeping, body: ContactIn, key: Key = None) -> Response:
    """Erase what is kept about a person at the customer; this cannot be taken back."""
    store, user = site_of(request).store, asks.who.account.name

    def make() -> object:
        try:
            return asdict(erase(store, asks.customer, body.contact, body.also, user=user, source=INTERFACE))
        except StoreError as error:
            raise refused(error) from None

    return answer_once(request, asks.who, key, body, make, 201)
