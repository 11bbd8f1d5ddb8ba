"""The plan to take along: a page to be printed, as `valuelift plan` writes it."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from web.access import OwnCustomer, Reader, site_of
from web.customer import view_of
from web.rendering import language_of, page

router = APIRouter()


@router.get("/customers/{customer:path}/plan")
def plan(request: Request, who: Reader, customer: OwnCustomer) -> Response:
    """Show one customer's plan.

    Raises:
        HTTPException: if nothing is known of the customer today.
    """
    view = view_of(site_of(request), customer, language_of(request))
    if view is None:
        raise HTTPException(404)
    return page(request, "plan.html", who, customer=customer, plan=view.strategy)
