"""The HTTP edge that both APIs share: an API without routes, and the way of an event through it.

Routes have no try/except: `problems` turns the domain's errors into responses. Callers are admitted
before the input is validated, so that those without access learn nothing about it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware

from clientela import deadlines
from clientela.errors import ClientelaError
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela.web import cors, http_requests, json_bodies, powertools_routes, problems, response_language, responses
from clientela.web.key_throttle import Allowance
from clientela.web.responses import ProxyResponse

PATIENCE_SECONDS = 7  # a call that meets an overload for so long is answered with 503
PATIENCE = 0.45  # share of the function's time, if that is less

type Guard = Callable[[Store, Mapping[str, Any]], Any]
type Admission = Callable[[APIGatewayHttpResolver], None]


def resolver(admit: Admission = lambda app: None) -> APIGatewayHttpResolver:
    """Create an API without routes, which validates requests by the types of its routes.

    `admit` raises an error if the caller may not use the matched route. It may also set
    `app.context["caller"]`, for APIs with both public and private routes.
    """
    app = powertools_routes.HttpResolver(
        enable_validation=True,
        serializer=lambda body: orjson.dumps(body).decode(),
        json_body_deserializer=json_bodies.parse,
    )

    def before_route(app: APIGatewayHttpResolver, next_middleware: NextMiddleware) -> Response[Any]:
        admit(app)
        http_requests.require_known_parameters(app)
        return next_middleware(app)

    app.use([before_route])
    problems.handle_errors(app, admit)
    return app


def respond(
    app: APIGatewayHttpResolver,
    event: Mapping[str, Any],
    context: Any,
    guard: Guard = lambda store, headers: None,
    throttle: Callable[[Any], Allowance] | None = None,
) -> ProxyResponse:
    """Return the response to one HTTP API event (payload 2.0).

    Reads the store named in the path. `guard(store, headers)` returns the caller or raises an
    error; `throttle(caller)` returns the caller's allowance. Routes find both as `store` and
    `caller` in `app.context`. HEAD is GET without the body. OPTIONS is CORS's preflight request.
    Under overload it answers 503 long before API Gateway gives up.
    """
    seconds = deadlines.seconds_left(context)
    with deadlines.within(seconds, min(PATIENCE_SECONDS, seconds * PATIENCE)):
        return _respond(app, event, context, guard, throttle)


def _respond(
    app: APIGatewayHttpResolver,
    event: Mapping[str, Any],
    context: Any,
    guard: Guard,
    throttle: Callable[[Any], Allowance] | None,
) -> ProxyResponse:
    method = event["requestContext"]["http"]["method"]
    headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
    extra_headers: dict[str, str] = {}
    response_language.choose(headers.get("accept-language"))
    try:
        store = stores.get((event.get("pathParameters") or {}).get("store_id", ""))
        response_language.choose(headers.get("accept-language"), store)
        extra_headers = cors.headers(store, headers.get("origin"))
        if method == "OPTIONS":
            return responses.with_headers(responses.to_proxy(responses.no_content()), extra_headers)
        caller = guard(store, headers)
        if throttle:
            allowance = throttle(caller)
            extra_headers |= allowance.headers()
            allowance.require_left()
        app.context.update(store=store, caller=caller)
        response = app.resolve(http_requests.normalize(event, headers), context)
    except ClientelaError as error:
        response = responses.to_proxy(problems.problem(error))
    except Exception as error:
        response = responses.to_proxy(problems.unexpected(error))
    if method == "HEAD":
        response["body"] = ""
    return responses.with_headers(response, extra_headers)
