"""Entity tags of responses that a client may have already (RFC 9110 section 8.8.3)."""

from clientela import signing


def etag_of(text: str) -> str:
    """Return the strong entity tag of a text."""
    return f'"{signing.sha256_hex(text)[:16]}"'


def matches(if_none_match: str | None, tag: str) -> bool:
    """Return whether an If-None-Match header names the tag.

    Weak tags match too, because a CDN that compresses a response weakens its tag (RFC 9110 section
    13.1.2).
    """
    tags = [each.strip().removeprefix("W/") for each in (if_none_match or "").split(",")]
    return "*" in tags or tag.removeprefix("W/") in tags
