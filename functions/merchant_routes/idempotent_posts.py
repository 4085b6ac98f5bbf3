"""POST with an Idempotency-Key: done once, and its response repeated."""

from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware

from clientela import clock
from clientela.customers import tombstones
from clientela.errors import ClientelaError, CustomerMergedError, FieldError, InvalidInputError
from clientela.table import idempotency
from clientela.table.idempotency import RequestKey
from clientela.web import problems


def idempotent(app: APIGatewayHttpResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """Do a POST once per Idempotency-Key; a repeated request gets the first response.

    Middleware of all merchant routes. `/api-keys` is left out, because its responses hold secrets,
    which are never stored. A server error or 503 frees the key, so that the request can be
    repeated.
    """
    event = app.current_event
    key = event.headers.get("idempotency-key")
    if key is None or event.http_method != "POST" or "/api-keys" in event.path:
        return next_middleware(app)
    if not 1 <= len(key) <= 255:
        raise InvalidInputError(fields=[FieldError("Idempotency-Key", "Use 1 to 255 characters.")])
    request_key = RequestKey(app.context["store"].id, app.context["caller"].id, key)
    request = f"{event.path}\n{event.body}"
    stored = idempotency.begin(request_key, request, clock.now())
    if stored:
        return Response(stored.status, headers=stored.headers | {"Idempotency-Replayed": "true"}, body=stored.body)
    try:
        response = next_middleware(app)
    except CustomerMergedError:  # the client repeats the request at another path
        idempotency.release(request_key)
        raise
    except ClientelaError as error:
        response = problems.problem(error)
    except Exception:
        idempotency.release(request_key)
        raise
    if response.status_code >= problems.SERVER_ERROR:
        idempotency.release(request_key)
    else:
        headers = {name: str(value) for name, value in response.headers.items()}
        answer = idempotency.Answer(response.status_code, headers, str(response.body or ""))
        # In the answer's text and in its Location.
        erased = tombstones.keys_of_customers_in(app.context["store"], f"{headers}{answer.body}")
        idempotency.finish(request_key, request, answer, clock.now(), erased)
    return response
