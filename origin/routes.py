"""Bottle on one side, plain values on the other: thin handlers, one shell around them all.

The shell gives every request an id, turns errors into problem details, adds the
headers that every answer carries, and tells what happened, once.
"""

import re
import time
import uuid
from collections.abc import Callable
from io import BytesIO
from typing import Any

from bottle import Bottle, HTTPResponse, request, response

from origin.answers import Answer, Headers, problem
from origin.errors import BadRequest, Internal, MethodNotAllowed, NothingHere, OriginError
from origin.handlers import Exchange, Pages, Pictures
from origin.rawpath import target_of
from origin.telemetry.events import RequestTold
from origin.telemetry.logs import LOGGER

Handler = Callable[[Exchange], Answer]
Tell = Callable[[RequestTold], None]

_DECENT_ID = re.compile(r"[A-Za-z0-9._:=@/+-]{1,128}")
_SIGNATURE = re.compile(r"^/[^/]*/")
_QUERY_SIGNATURE = re.compile(r"(^|&)sig=[^&]*")
_EVERY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND"]
_ANY_PATH = "/<_:re:(?s:.*)>"


class Routes:
    """Binds resources to a Bottle application.

    Args:
        pictures: The resources that answer with a picture.
        pages: The resources about the service.
        allow_origin: ``Access-Control-Allow-Origin``, empty for none.
        tell: Hears of every request.
    """

    def __init__(self, pictures: Pictures, pages: Pages, allow_origin: str, tell: Tell) -> None:
        self._pictures = pictures
        self._pages = pages
        self._tell = tell
        self._everywhere: Headers = (("X-Content-Type-Options", "nosniff"),)
        self._preflight: Headers = (("Allow", "GET, HEAD, POST, OPTIONS"),)
        if allow_origin:
            self._everywhere += (("Access-Control-Allow-Origin", allow_origin),)
            self._preflight += (
                ("Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS"),
                ("Access-Control-Allow-Headers", "Authorization, Content-Type, If-None-Match, X-Request-Id"),
                ("Access-Control-Max-Age", "86400"),
            )
            self._everywhere += (("Access-Control-Expose-Headers", "Cache-Status, ETag, X-Request-Id"),)

    def bind(self, app: Bottle) -> None:
        """Add every route and the handler of Bottle's own errors to *app*."""
        # Bottle would answer errors as HTML pages of its own.
        app.default_error_handler = self._bottle_error
        app.add_hook("before_request", _route_by_raw_path)
        self._route(app, "/", {"GET": self._pages.describe})
        self._route(app, "/health", {"GET": self._pages.health})
        self._route(app, "/resize", {"GET": self._pictures.resize, "POST": self._pictures.resize_upload})
        self._route(app, _ANY_PATH, {"GET": self._pictures.signed})

    def _route(self, app: Bottle, path: str, handlers: dict[str, Handler]) -> None:
        app.route(path, "OPTIONS", lambda **_: self._respond(self._options))
        allow = ", ".join(sorted({*handlers, "OPTIONS"} | ({"HEAD"} if "GET" in handlers else set())))
        for method in _EVERY_METHOD:
            handler = handlers.get(method) or _refuser(allow)
            # Bottle sends HEAD to the GET route and drops the body, so both have the same headers.
            app.route(path, method, lambda handler=handler, **_: self._respond(handler))

    def _options(self, exchange: Exchange) -> Answer:  # noqa: ARG002  every handler takes the exchange
        return Answer(204, self._preflight, outcome="options")

    def _respond(self, handler: Handler) -> HTTPResponse:
        started_s = time.perf_counter()
        exchange = _exchange(request.environ)
        try:
            answer = handler(exchange)
        except OriginError as error:
            answer = problem(error, exchange.request_id)
        except Exception:  # noqa: BLE001  the last net; it ends in the log with its traceback
            LOGGER.exception("request %s failed", exchange.request_id)
            answer = problem(Internal("see the log"), exchange.request_id)
        return self._sent(exchange, answer, started_s)

    def _bottle_error(self, error: Any) -> str:
        """What Bottle itself refuses, such as a path that is not UTF-8."""
        started_s = time.perf_counter()
        kinds: dict[int, OriginError] = {
            400: BadRequest("the path cannot be read"),
            404: NothingHere("there is nothing at this path"),
            405: MethodNotAllowed("the method is not allowed here"),
        }
        exchange = _exchange(request.environ)
        answer = problem(kinds.get(error.status_code, Internal("see the log")), exchange.request_id)
        if error.exception:
            LOGGER.error("request %s failed", exchange.request_id, exc_info=error.exception)
        self._sent(exchange, answer, started_s).apply(response)
        return answer.body.decode()

    def _sent(self, exchange: Exchange, answer: Answer, started_s: float) -> HTTPResponse:
        headers = [*answer.headers, *self._everywhere, ("X-Request-Id", exchange.request_id)]
        if answer.status not in (204, 304):
            headers.append(("Content-Length", str(len(answer.body))))
        sent = b"" if exchange.method == "HEAD" else answer.body
        event = RequestTold(
            request_id=exchange.request_id,
            method=exchange.method,
            target=_without_signature(exchange),
            status=answer.status,
            outcome=answer.outcome,
            bytes_out=len(sent),
            total_ms=(time.perf_counter() - started_s) * 1000,
            details=answer.details,
        )
        self._tell(event)
        return HTTPResponse(answer.body, answer.status, headers)


def _route_by_raw_path() -> None:
    # A server decodes the path, and Bottle drops what is not UTF-8: "/%ffhealth" would be "/health".
    request.environ["PATH_INFO"] = target_of(request.environ["RAW_URI"]).path


def _refuser(allow: str) -> Handler:
    def refuse(exchange: Exchange) -> Answer:
        return problem(MethodNotAllowed(f"allowed: {allow}"), exchange.request_id, (("Allow", allow),))

    return refuse


def _exchange(environ: dict[str, Any]) -> Exchange:
    length = environ.get("CONTENT_LENGTH") or ""
    given_id = environ.get("HTTP_X_REQUEST_ID", "")
    return Exchange(
        request_id=given_id if _DECENT_ID.fullmatch(given_id) else uuid.uuid4().hex,
        method=environ["REQUEST_METHOD"],
        # The decoded path is of no use: a percent-encoded slash is not a slash.
        target=target_of(environ["RAW_URI"]),
        accept=environ.get("HTTP_ACCEPT", ""),
        if_none_match=environ.get("HTTP_IF_NONE_MATCH", ""),
        authorization=environ.get("HTTP_AUTHORIZATION", ""),
        content_type=environ.get("CONTENT_TYPE", ""),
        content_length=int(length) if length.isdecimal() else None,
        body=environ.get("wsgi.input", BytesIO()),
    )


def _without_signature(exchange: Exchange) -> str:
    """The target for the log: a signature is as good as a password for its URL."""
    path = _SIGNATURE.sub("/-/", exchange.target.path, count=1)
    query = _QUERY_SIGNATURE.sub(r"\1sig=-", exchange.target.query)
    return f"{path}?{query}" if query else path
