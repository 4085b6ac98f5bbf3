"""Checks of a group's CSS: it must be complete and must load nothing from other sites.

tinycss2 parses it as a browser does, including escapes. Browsers get the parsed CSS serialised
again, without comments, so that they read the rules that were checked.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from clientela import ids
from clientela.errors import FieldError, InvalidInputError
from clientela.sentences import Sentence
from clientela.stores import store_urls
from clientela.stores.stores import Store

MAX_DEPTH = 32  # of nested brackets: parsers recurse
CACHED_SHEETS = 256  # of 10 KB at most
# @import loads a file; the others only work at the start of one.
_AT_RULES = {"import", "charset", "namespace"}
# These accept URLs as strings, also from a variable.
_LOADERS = {"src", "image", "image-set", "-webkit-image-set"}
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")  # from an escape; UTF-8 cannot hold it
_FOREIGN_URL = "url() may only contain data: and addresses on the store's own origins."
_INCOMPLETE = "The CSS is incomplete: a bracket, string or comment is not closed."
_ENDS_ELEMENT = "The CSS must not contain </ or <!--."


class _Sheet(NamedTuple):
    css: str
    problem: str | None


def require_safe(store: Store, css: str | None) -> None:
    """Raise InvalidInputError if the CSS is incomplete or loads anything from other sites.

    Incomplete CSS would swallow the rules after it in the stylesheet, and a `</style>` would end
    the element of a page that inlines it. Attribute selectors with URLs of other sites could send
    them the page's content.
    """
    problem = _compile(css, _own_urls(store)).problem if css else None
    if problem:
        raise InvalidInputError("Invalid CSS.", fields=[FieldError("/css", problem)])


def serialize(store: Store, css: str | None) -> str:
    """Return the CSS serialised again, without comments; nothing if it is not safe.

    Stored CSS may be older than the checks, and the store's origins may have changed.
    """
    sheet = _compile(css, _own_urls(store)) if css else _Sheet("", None)
    return "" if sheet.problem else sheet.css


def _own_urls(store: Store) -> tuple[str, ...]:
    return tuple(sorted(f"{origin}/" for origin in store_urls.origins(store)))


@lru_cache(CACHED_SHEETS)
def _compile(css: str, own_urls: tuple[str, ...]) -> _Sheet:
    import tinycss2  # imported late: it takes 6 ms, and only groups with CSS need it

    def parse(text: str) -> list[Any]:
        return tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True)

    def check(text: str) -> tuple[str, str | None]:
        # Random, so that the CSS cannot contain it. It is the last rule only if all is closed.
        end = f".end-{ids.secret()}{{}}"
        rules = parse(f"{text}\n{end}")
        if _is_deep(rules):
            return "", Sentence("Use at most {max} nested brackets.", max=MAX_DEPTH)
        if not rules or rules[-1].type == "error" or rules[-1].serialize() != end:
            return "", _INCOMPLETE
        problem = next(filter(None, (_problem_of(node, own_urls) for node in _nodes(rules))), None)
        serialized = "" if problem else "\n".join(rule.serialize() for rule in rules[:-1])
        return _HALF_CHARACTER.sub("\ufffd", serialized), problem  # as browsers read it

    if "</" in css or "<!--" in css:
        return _Sheet("", _ENDS_ELEMENT)
    serialized, problem = check(css)
    if problem:
        return _Sheet("", problem)
    if "</" in serialized or "<!--" in serialized:  # written with escapes
        return _Sheet("", _ENDS_ELEMENT)
    again, problem = check(serialized)
    if problem or again != serialized:
        return _Sheet("", problem or "The CSS has a text that parsers read in two ways.")
    return _Sheet(serialized, None)


def _parts(node: Any) -> Iterator[Any]:
    for part in ("prelude", "content", "arguments"):
        yield from getattr(node, part, None) or ()


def _is_deep(rules: Iterable[Any]) -> bool:
    level = list(rules)
    for _ in range(MAX_DEPTH):
        level = [part for node in level for part in _parts(node)]
    return bool(level)


def _nodes(nodes: Iterable[Any]) -> Iterator[Any]:
    for node in nodes:
        yield node
        yield from _nodes(_parts(node))


def _problem_of(node: Any, own_urls: tuple[str, ...]) -> str | None:
    match node.type:
        case "error":
            return Sentence("The CSS has an error in line {line}.", line=node.source_line)
        case "literal" if node.value == "\\":
            return Sentence("The CSS has a stray backslash in line {line}.", line=node.source_line)
        case "at-rule" if node.lower_at_keyword in _AT_RULES:
            return Sentence("The CSS must not contain @{word}.", word=node.lower_at_keyword)
        case "at-keyword" if node.lower_value in _AT_RULES:
            return Sentence("The CSS must not contain @{word}.", word=node.lower_value)
        case "function" if node.lower_name in _LOADERS:
            return Sentence("The CSS must not contain {word}(). Use url().", word=node.lower_name)
        case "function" if node.lower_name == "url":
            urls = [part.value for part in node.arguments if part.type == "string"]
            return None if urls and all(_is_allowed(url, own_urls) for url in urls) else _FOREIGN_URL
        case "url" if not _is_allowed(node.value, own_urls):
            return _FOREIGN_URL
    return None


def _is_allowed(url: str, own_urls: tuple[str, ...]) -> bool:
    return url.startswith(("data:image/", "data:font/", *own_urls))
