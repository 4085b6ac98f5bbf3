"""How fast one API key may call: a token bucket per key, in the memory of each function instance.

A shared counter would cost a write with every call, as much as the call itself. This one costs nothing and protects the
instance and the table behind it: a key that many instances serve gets as much from each. The API's own throttle bounds
the sum. Limits that must hold exactly are in `limits`.
"""

import math
import time
from typing import NamedTuple

from clientela import settings
from clientela.errors import TooManyRequestsError

BURST_SECONDS = 2  # a key that was quiet may spend this many seconds' worth at once
KEYS = 10_000  # remembered; when more have called, those that are full again are forgotten


class Allowance(NamedTuple):
    """What is left to a key after a call; `retry_after` in seconds where nothing was left for the call itself."""

    quota: int
    remaining: int
    full_in: int
    retry_after: int | None = None

    def headers(self) -> dict[str, str]:
        """RateLimit fields of draft-ietf-httpapi-ratelimit-headers-10: the policy, and what is left of it."""
        return {
            "RateLimit-Policy": f'"burst";q={self.quota};w={BURST_SECONDS}',
            "RateLimit": f'"burst";r={self.remaining};t={self.full_in}',
        }

    def demand(self) -> None:
        """Raise TooManyRequestsError where nothing was left."""
        if self.retry_after is not None:
            raise TooManyRequestsError("This key calls too often.", retry_after=self.retry_after)


def take(key_id: str, at: float | None = None) -> Allowance:
    """Count one call of a key. `at` is in seconds of any steady clock: the process's own where it is not given."""
    moment, rate = time.monotonic() if at is None else at, settings.requests_per_second()
    quota = rate * BURST_SECONDS
    tokens, since = _buckets.get(key_id, (float(quota), moment))
    tokens = min(quota, tokens + (moment - since) * rate)
    retry_after = None if tokens >= 1 else max(1, math.ceil((1 - tokens) / rate))
    left = tokens - 1 if retry_after is None else tokens
    if len(_buckets) >= KEYS:
        _forget_full(moment, rate)
    _buckets[key_id] = (left, moment)
    return Allowance(quota, int(left), math.ceil((quota - left) / rate), retry_after)


_buckets: dict[str, tuple[float, float]] = {}  # key id → tokens left, and when


def _forget_full(moment: float, rate: int) -> None:
    for key_id, (tokens, since) in list(_buckets.items()):
        if tokens + (moment - since) * rate >= rate * BURST_SECONDS:
            del _buckets[key_id]
