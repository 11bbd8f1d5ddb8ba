"""What stands before every request: security headers, and a limit on what is sent."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.uploads import LARGEST_UPLOAD

LARGEST_BODY = 256 * 1024
"""Bytes that a request may send."""

LARGER = {"/rules/drafts": LARGEST_UPLOAD + LARGEST_BODY, "/api/v1/rules/check": LARGEST_UPLOAD}
"""Bytes that a request may send that brings a rule pack: by a form with what that adds to files, or as it is."""

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class BodyTooLargeError(HTTPException):
    """Raised when a request sends more than it may; an HTTP error, which those who read bodies let pass."""

    def __init__(self) -> None:
        super().__init__(413)


class Guards:
    """Adds the headers to every answer, and refuses bodies that are too large."""

    def __init__(self, app: ASGIApp, https: bool) -> None:
        self.app = app
        extra = {"Strict-Transport-Security": "max-age=31536000"} if https else {}
        self.headers = [(name.lower().encode(), value.encode()) for name, value in {**HEADERS, **extra}.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        left = LARGER.get(scope["path"], LARGEST_BODY)
        is_static = scope["path"].startswith("/static/")

        async def limited() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise BodyTooLargeError
            return message

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                keep = b"public, max-age=3600" if is_static else b"no-store"
                said = any(name == b"cache-control" for name, _ in message["headers"])
                caching = [] if said else [(b"cache-control", keep)]
                message["headers"] = [*message["headers"], *self.headers, *caching]
            await send(message)

        await self.app(scope, limited, guarded)
