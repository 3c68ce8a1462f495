"""Bottle on one side, plain values on the other: thin handlers, one shell around them all.

The shell gives every request an id, turns errors into problem details, adds the
headers that every answer carries, and tells what happened, once.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import Any

from bottle import Bottle, HTTPResponse, request, response

from origin.admin import Admin
from origin.answers import Answer, Headers, problem
from origin.draining import STOPPING
from origin.errors import Internal, MethodNotAllowed, NothingHere, OriginError, Overloaded, lack
from origin.exchange import IS_WANTED, NO_PLACE, Exchange, request_id_of
from origin.handlers import Pictures
from origin.outgoing import Outgoing
from origin.pages import Pages
from origin.quotas import Quotas
from origin.ratelimit import HIT_UNITS
from origin.rawpath import target_of
from origin.telemetry.logs import LOGGER
from origin.telemetry.redaction import loggable

Handler = Callable[[Exchange], Answer]

_ANY_PATH = "/<_:re:(?s:.*)>"


class Routes:
    """Binds resources to a Bottle application.

    Args:
        pictures: The resources that answer with a picture.
        pages: The resources about the service.
        admin: The resources of those who operate it.
        quotas: What each client may still ask for.
        outgoing: What goes out with every answer.
        allow_origin: ``Access-Control-Allow-Origin``, empty for none.
    """

    def __init__(
        self, pictures: Pictures, pages: Pages, admin: Admin, quotas: Quotas, outgoing: Outgoing, allow_origin: str
    ) -> None:
        self._pictures = pictures
        self._pages = pages
        self._admin = admin
        self._quotas = quotas
        self._outgoing = outgoing
        self._allow_origin = allow_origin

    def bind(self, app: Bottle) -> None:
        """Add every route and the handler of Bottle's own errors to *app*."""
        # Bottle would answer errors as HTML pages of its own.
        app.default_error_handler = self._bottle_error
        app.add_hook("before_request", _route_by_raw_path)
        self._route(app, "/", {"GET": self._pages.describe})
        self._route(app, "/purge", {"POST": self._admin.purge})
        self._route(app, "/counters", {"GET": self._admin.counters})
        self._route(app, "/health", {"GET": self._pages.health}, limited=False)
        self._route(app, "/ready", {"GET": self._pages.ready}, limited=False)
        self._route(app, "/resize", {"GET": self._pictures.resize, "POST": self._pictures.resize_upload})
        self._route(app, "/info" + _ANY_PATH, {"GET": self._pictures.info})
        self._route(app, _ANY_PATH, {"GET": self._pictures.signed})

    def _route(self, app: Bottle, path: str, handlers: dict[str, Handler], *, limited: bool = True) -> None:
        # Bottle sends HEAD to the GET route and drops the body, so both have the same headers.
        allow = ", ".join(sorted({*handlers, "OPTIONS"} | ({"HEAD"} if "GET" in handlers else set())))
        # GET by name, or the route of all other paths would take it.
        everything = {"GET": _refuser(allow), **handlers, "OPTIONS": self._preflight(allow), "ANY": _refuser(allow)}
        for method, handler in everything.items():
            app.route(path, method, lambda handler=handler, **_: self._respond(handler, limited))

    def _preflight(self, allow: str) -> Handler:
        headers: Headers = (("Allow", allow),)
        if self._allow_origin:
            headers += (
                ("Access-Control-Allow-Methods", allow),
                ("Access-Control-Allow-Headers", "Authorization, Content-Type, If-None-Match, X-Request-Id"),
                ("Access-Control-Max-Age", "86400"),
            )
        return lambda _: Answer(204, headers, outcome="options")

    def _respond(self, handler: Handler, limited: bool) -> HTTPResponse:
        started_s = time.perf_counter()
        exchange = _exchange(request.environ)
        if limited:
            exchange = replace(exchange, client=self._client(request.environ))
        try:
            if limited:
                self._admit(exchange)
            answer = handler(exchange)
        except OriginError as error:
            answer = problem(error, exchange.request_id)
        except Exception as error:  # noqa: BLE001  the last net; it ends in the log with its traceback
            answer = problem(self._unforeseen(error, exchange.request_id), exchange.request_id)
        return self._sent(exchange, answer, started_s)

    def _admit(self, exchange: Exchange) -> None:
        if request.environ.get(NO_PLACE, False):
            raise Overloaded("all connections are taken")
        self._quotas.spend(exchange.client, HIT_UNITS)

    def _unforeseen(self, error: Exception, request_id: str) -> OriginError:
        if (ours := lack(error)) is None:
            LOGGER.error("request %s failed", request_id, exc_info=error)
            return Internal("see the log")
        # Without a traceback: there may be hundreds, and each takes some of what there is too little of.
        LOGGER.error("request %s: %s", request_id, ours.detail)
        return ours

    def _client(self, environ: dict[str, Any]) -> str:
        return self._quotas.client(environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", ""))

    def _bottle_error(self, error: Any) -> str:
        """What Bottle itself refuses. Every path and method has a route, so hardly anything gets here."""
        started_s = time.perf_counter()
        exchange = _exchange(request.environ)
        refused: OriginError = NothingHere("there is nothing at this path")
        if error.status_code != 404:
            refused = Internal(f"the framework refused the request with {error.status_code}")
        answer = problem(refused, exchange.request_id)
        if error.exception:
            LOGGER.error("request %s failed", exchange.request_id, exc_info=error.exception)
        self._sent(exchange, answer, started_s).apply(response)
        return answer.body.decode()

    def _sent(self, exchange: Exchange, answer: Answer, started_s: float) -> HTTPResponse:
        request_id = exchange.request_id
        headers = [*self._outgoing.fields(answer), *self._outgoing.personal(request_id, exchange.client, answer)]
        sent_bytes = 0 if exchange.method == "HEAD" else len(answer.body)
        self._outgoing.tell(request_id, exchange.method, loggable(exchange.target), answer, sent_bytes, started_s)
        return HTTPResponse(answer.body, answer.status, headers)


def _route_by_raw_path() -> None:
    # A server decodes the path, and Bottle drops what is not UTF-8: "/%ffhealth" would be "/health".
    request.environ["PATH_INFO"] = target_of(request.environ["RAW_URI"]).path


def _refuser(allow: str) -> Handler:
    def refuse(exchange: Exchange) -> Answer:
        return problem(MethodNotAllowed(f"allowed: {allow}"), exchange.request_id, (("Allow", allow),))

    return refuse


def _always() -> bool:
    return True


def _exchange(environ: dict[str, Any]) -> Exchange:
    length = environ.get("CONTENT_LENGTH") or ""
    return Exchange(
        request_id=request_id_of(environ.get("HTTP_X_REQUEST_ID", "")),
        method=environ["REQUEST_METHOD"],
        # The decoded path is of no use: a percent-encoded slash is not a slash.
        target=target_of(environ["RAW_URI"]),
        accept=environ.get("HTTP_ACCEPT", ""),
        if_none_match=environ.get("HTTP_IF_NONE_MATCH", ""),
        authorization=environ.get("HTTP_AUTHORIZATION", ""),
        content_type=environ.get("CONTENT_TYPE", ""),
        content_length=int(length) if length.isdecimal() else None,
        body=environ.get("wsgi.input", BytesIO()),
        stopping=environ.get(STOPPING, False),
        is_wanted=environ.get(IS_WANTED, _always),
    )
