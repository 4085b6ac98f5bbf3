"""CORS: only pages of the store's own origins, a setting of each store, may call the APIs."""

from clientela.stores import store_urls
from clientela.stores.stores import Store

METHODS = "GET, HEAD, POST, PATCH, PUT, DELETE"
HEADERS = "authorization, content-type, if-match, idempotency-key"
EXPOSED = "etag, link, location, retry-after, ratelimit, ratelimit-policy, idempotency-replayed"


def headers(store: Store, origin: str | None) -> dict[str, str]:
    """Return the CORS headers: for pages of other origins only Vary."""
    if origin is None or origin not in store_urls.origins(store):
        return {"Vary": "Origin"}
    return {
        "Vary": "Origin",
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Methods": METHODS,
        "Access-Control-Allow-Headers": HEADERS,
        "Access-Control-Expose-Headers": EXPOSED,
        "Access-Control-Max-Age": "600",
    }
