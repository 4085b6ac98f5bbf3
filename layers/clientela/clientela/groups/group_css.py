"""Checks of a group's CSS: it must be complete and must load nothing from other sites.

tinycss2 parses it as a browser does, including escapes.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from clientela.errors import FieldError, InvalidInputError
from clientela.stores import store_urls
from clientela.stores.stores import Store

_END = ".the-end{}"
# @import loads a file; the others only work at the start of one.
_AT_RULES = {"import", "charset", "namespace"}
# These accept URLs as strings, also from a variable.
_LOADERS = {"src", "image", "image-set", "-webkit-image-set"}
_FOREIGN_URL = "url() may only contain data: and URLs of the store's own origins"


def require_safe(store: Store, css: str | None) -> None:
    """Raise InvalidInputError if the CSS is incomplete or loads anything from other sites.

    Incomplete CSS would swallow the rules after it in the stylesheet, and a `</style>` would end
    the element of a page that inlines it. Attribute selectors with URLs of other sites could send
    them the page's content.
    """
    problem = _problem(store, css) if css else None
    if problem:
        raise InvalidInputError("Invalid CSS.", fields=[FieldError("/css", problem)])


def _problem(store: Store, css: str) -> str | None:
    import tinycss2  # imported late: it takes 6 ms, and only changes of groups need it

    if "</" in css or "<!--" in css:
        return "must not contain </ or <!--"
    rules = tinycss2.parse_stylesheet(css + "\n" + _END, skip_comments=True, skip_whitespace=True)
    if not rules or rules[-1].serialize() != _END:
        return "is incomplete: a bracket, string or comment is not closed"
    own_urls = tuple(f"{origin}/" for origin in store_urls.origins(store))
    return next(filter(None, (_problem_of(node, own_urls) for node in _nodes(rules))), None)


def _nodes(nodes: Iterable[Any] | None) -> Iterator[Any]:
    for node in nodes or ():
        yield node
        for part in ("prelude", "content", "arguments"):
            yield from _nodes(getattr(node, part, None))


def _problem_of(node: Any, own_urls: tuple[str, ...]) -> str | None:
    match node.type:
        case "error":
            return f"has an error in line {node.source_line}"
        case "at-rule" if node.lower_at_keyword in _AT_RULES:
            return f"must not contain @{node.lower_at_keyword}"
        case "at-keyword" if node.lower_value in _AT_RULES:
            return f"must not contain @{node.lower_value}"
        case "function" if node.lower_name in _LOADERS:
            return f"must not contain {node.lower_name}(): use url()"
        case "function" if node.lower_name == "url":
            urls = [part.value for part in node.arguments if part.type == "string"]
            return None if urls and all(_is_allowed(url, own_urls) for url in urls) else _FOREIGN_URL
        case "url" if not _is_allowed(node.value, own_urls):
            return _FOREIGN_URL
    return None


def _is_allowed(url: str, own_urls: tuple[str, ...]) -> bool:
    return url.startswith(("data:image/", "data:font/", *own_urls))
