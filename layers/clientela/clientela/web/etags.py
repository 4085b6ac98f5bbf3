"""Entity tags of what may be kept by browsers and CDNs (RFC 9110 section 8.8.3)."""

import hashlib


def etag_of(text: str) -> str:
    """The strong entity tag of a text."""
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:16]}"'


def matches(if_none_match: str | None, tag: str) -> bool:
    """Whether an If-None-Match header names the tag: what the caller has is what it would get. Weak tags count as well, since
    a CDN that compresses makes them so (RFC 9110 section 13.1.2)."""
    given = [each.strip().removeprefix("W/") for each in (if_none_match or "").split(",")]
    return "*" in given or tag in given
