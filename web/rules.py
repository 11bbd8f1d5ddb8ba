"""The rule book: every rule in words, how often it fires, what feeds what."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote, urlencode

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from common.book import Book
from engine.graph import Graph, around, overview
from engine.graph_svg import svg
from engine.portrait import Portrait
from engine.wording import Wording
from web.access import Reader, site_of
from web.rendering import language_of, page

router = APIRouter()


@router.get("/rules")
def show(request: Request, who: Reader, find: str = "", file: str = "", kind: str = "", fires: str = "") -> Response:
    """Show the rule book: file by file, or what is searched for."""
    book = site_of(request).book(language_of(request))
    chapters = book.chapters
    asked = {"find": find.strip(), "file": file, "kind": kind, "fires": fires}
    is_narrowed = any(asked.values())
    found = [
        (chapter.name, items)
        for chapter in chapters
        if file in ("", chapter.name)
        for items in [[one for one in chapter.items if _fits(book, one, asked)]]
        if items
    ]
    return page(
        request,
        "rules.html",
        who,
        book=book,
        chapters=chapters,
        found=found if is_narrowed else [],
        total=sum(len(items) for _, items in found),
        asked=asked,
        is_narrowed=is_narrowed,
        kinds=sorted({one.kind for chapter in chapters for one in chapter.items}),
        item_path=item_path,
    )


@router.get("/rules/items/{name}")
def item(request: Request, who: Reader, name: str) -> Response:
    """Show everything about one item; a parameter and an action may go by the name of a rule."""
    book = site_of(request).book(language_of(request))
    found = [one for chapter in book.chapters for one in chapter.items if name in (one.id, book.anchor(one))]
    if not found:
        raise HTTPException(404)
    known = {one.id for chapter in book.chapters for one in chapter.items}
    return page(request, "rule.html", who, book=book, items=found, known=known, item_path=item_path, name=name)


@router.get("/rules/graph")
def graph(request: Request, who: Reader, focus: str = "") -> Response:
    """Show what feeds what, as a picture and as a list."""
    found = _graph(request, focus)
    labels = {node.id: node.label for node in found.nodes}
    feeds: dict[str, list[str]] = {}
    for edge in found.edges:
        feeds.setdefault(labels.get(edge.start, edge.start), []).append(labels.get(edge.end, edge.end))
    picture = f"/rules/graph.svg?{urlencode({'focus': focus, 'lang': language_of(request)})}"
    return page(request, "rules_graph.html", who, focus=focus, feeds=feeds, picture=picture)


@router.get("/rules/graph.svg")
def graph_picture(request: Request, who: Reader, focus: str = "") -> Response:  # noqa: ARG001 - whoever may read
    """Give the picture."""
    return Response(svg(_graph(request, focus)), media_type="image/svg+xml")


def item_path(name: str) -> str:
    """Return the address of an item's page."""
    return f"/rules/items/{quote(name, safe='')}"


def _graph(request: Request, focus: str) -> Graph:
    rules = site_of(request).rules()
    wording = Wording(rules.pack.vocabulary, language_of(request))
    found = around(rules.pack, focus.partition("#")[0], wording) if focus else None
    if focus and found is None:
        raise HTTPException(404)
    return found or overview(rules.pack, rules.program, wording)


def _fits(book: Book, one: Portrait, asked: dict[str, str]) -> bool:
    if asked["kind"] not in ("", one.kind):
        return False
    if asked["fires"] and not (book.fires(one) == 0 if asked["fires"] == "never" else book.fires(one)):
        return False
    words = asked["find"].casefold().split()
    text = " ".join(_texts(one)).casefold()
    return all(word in text for word in words)


def _texts(one: Portrait) -> Iterator[str]:
    yield from (one.id, one.title, *one.notes, *one.sources)
    yield from (line.text for lines in one.says.values() for line in lines)
