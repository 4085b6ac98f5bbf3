"""Request rate of each API key: a token bucket per key, in the memory of each function instance.

An exact, shared counter would cost a write for each request, as much as the request itself. This
one costs nothing and protects the instance and its table. A key served by several instances gets
the quota from each; the API's own throttle bounds the sum. For exact limits see
`table/rate_limits`.
"""

import math
import time
from typing import NamedTuple

from clientela import settings
from clientela.errors import TooManyRequestsError

BURST_SECONDS = 2  # an idle key saves up the requests of this many seconds
MAX_KEYS = 10_000  # stored buckets; above, full ones are dropped


class Allowance(NamedTuple):
    """A key's quota after a request; `retry_after` (seconds) is set if the request exceeds it."""

    quota: int
    remaining: int
    full_in: int
    retry_after: int | None = None

    def headers(self) -> dict[str, str]:
        """Return the RateLimit headers of draft-ietf-httpapi-ratelimit-headers-10."""
        return {
            "RateLimit-Policy": f'"burst";q={self.quota};w={BURST_SECONDS}',
            "RateLimit": f'"burst";r={self.remaining};t={self.full_in}',
        }

    def require_left(self) -> None:
        """Raise TooManyRequestsError if the request exceeds the quota."""
        if self.retry_after is not None:
            raise TooManyRequestsError("Too many requests with this key.", retry_after=self.retry_after)


def count(key_id: str, at: float | None = None) -> Allowance:
    """Count one request of a key. `at` is in seconds of a monotonic clock."""
    moment, rate = time.monotonic() if at is None else at, settings.requests_per_second()
    quota = rate * BURST_SECONDS
    tokens, since = _buckets.get(key_id, (float(quota), moment))
    tokens = min(quota, tokens + (moment - since) * rate)
    retry_after = None if tokens >= 1 else max(1, math.ceil((1 - tokens) / rate))
    remaining = tokens - 1 if retry_after is None else tokens
    if len(_buckets) >= MAX_KEYS:
        _drop_full(moment, rate)
    _buckets[key_id] = (remaining, moment)
    return Allowance(quota, int(remaining), math.ceil((quota - remaining) / rate), retry_after)


_buckets: dict[str, tuple[float, float]] = {}  # key id → tokens, and the time they were counted


def _drop_full(moment: float, rate: int) -> None:
    for key_id, (tokens, since) in list(_buckets.items()):
        if tokens + (moment - since) * rate >= rate * BURST_SECONDS:
            del _buckets[key_id]
