"""As much of HTTP/1.1 (RFC 9112) as a form needs, from bytes to bytes. Pure.

One request a connection; whatever is larger than a form of ours is refused before it is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

MOST_HEAD_BYTES = 8192
"""A phone's browser sends less than 2 kB."""
MOST_BODY_BYTES = 4096
MOST_FIELDS = 12

POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""No script at all, not even ours."""

PHRASES: Mapping[int, str] = {
    200: "OK",
    302: "Found",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Content Too Large",
    422: "Unprocessable Content",
    431: "Request Header Fields Too Large",
}


class BadRequest(ValueError):
    """Not what a browser sends to this page."""

    def __init__(self, status: int) -> None:
        """``status`` is the answer."""
        super().__init__(PHRASES[status])
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """What a phone asks."""

    method: str
    path: str
    language: str | None
    headers: Mapping[str, str] = field(repr=False)
    """Names in small letters; of those that come twice, the first."""
    body_bytes: int = 0

    def header(self, name: str) -> str:
        """One header, or nothing."""
        return self.headers.get(name, "")


def parse_request(head: bytes) -> Request:
    """The head of a request, with its empty line.

    Raises:
        BadRequest: it cannot be read, or its body would be too large.
    """
    try:
        first, *lines = head.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
        method, target, version = first.split(" ")
        parts = urlsplit(target)
        query = parse_qs(parts.query, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise BadRequest(400) from error
    if not version.startswith("HTTP/1.") or not parts.path.startswith("/"):
        raise BadRequest(400)
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise BadRequest(400)
        headers.setdefault(name.lower(), value.strip())
    return Request(method, parts.path, query.get("l", [None])[0], headers, _length(headers))


def _length(headers: Mapping[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise BadRequest(400)
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdecimal() and len(length) < 10):
        raise BadRequest(400)
    if int(length) > MOST_BODY_BYTES:
        raise BadRequest(413)
    return int(length)


def parse_form(body: bytes) -> dict[str, str]:
    """The fields of a form, the first of each name.

    Raises:
        BadRequest: it is none.
    """
    try:
        text = body.decode("ascii")
        read = parse_qs(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise BadRequest(400) from error
    return {name: values[0] for name, values in read.items()}


def answer(status: int, content: bytes, kind: str = "text/html; charset=utf-8") -> bytes:
    """A whole answer."""
    return _answer(status, content, {"Content-Type": kind})


def redirect(location: str) -> bytes:
    """To another address."""
    return _answer(302, b"", {"Location": location})


def _answer(status: int, content: bytes, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {PHRASES[status]}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [
        f"Content-Length: {len(content)}",
        "Connection: close",
        "Cache-Control: no-store",
        f"Content-Security-Policy: {POLICY}",
        "X-Content-Type-Options: nosniff",
        # Not "no-referrer": with that, a browser calls the origin of our own form "null".
        "Referrer-Policy: same-origin",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + content
