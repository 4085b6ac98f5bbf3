"""What CSS a group may have: whole, and without anything from elsewhere. tinycss2 reads it as a browser does, escapes and all."""

from collections.abc import Iterable, Iterator
from typing import Any

from clientela.errors import FieldError, InvalidInputError
from clientela.stores import store_urls
from clientela.stores.stores import Store

_END = ".the-end{}"
_AT_RULES = {"import", "charset", "namespace"}  # the first loads, the others mean something at a file's beginning only
_LOADERS = {"src", "image", "image-set", "-webkit-image-set"}  # take addresses as texts, also by way of a variable
_FOREIGN = "url() may only name data: and addresses of the store's own origins"


def require_safe(store: Store, css: str | None) -> None:
    """Raise InvalidInputError unless the CSS is whole and loads nothing from elsewhere.

    Whole: what stands behind it in a sheet is not swallowed, and no `</style>` ends the element of a page that inlines it.
    From elsewhere: with selectors by attribute, a foreign address can be told what is on the page.
    """
    complaint = _complaint(store, css) if css else None
    if complaint:
        raise InvalidInputError("The CSS cannot be taken.", fields=[FieldError("/css", complaint)])


def _complaint(store: Store, css: str) -> str | None:
    import tinycss2  # here: it takes 6 ms, and only who writes a group needs it

    if "</" in css or "<!--" in css:
        return "must not hold </ or <!--"
    rules = tinycss2.parse_stylesheet(css + "\n" + _END, skip_comments=True, skip_whitespace=True)
    if not rules or rules[-1].serialize() != _END:
        return "is not whole: a bracket, text or comment is left open"
    own = tuple(f"{origin}/" for origin in store_urls.origins(store))
    return next(filter(None, (_foul(node, own) for node in _nodes(rules))), None)


def _nodes(nodes: Iterable[Any] | None) -> Iterator[Any]:
    for node in nodes or ():
        yield node
        for part in ("prelude", "content", "arguments"):
            yield from _nodes(getattr(node, part, None))


def _foul(node: Any, own: tuple[str, ...]) -> str | None:
    match node.type:
        case "error":
            return f"cannot be read at line {node.source_line}"
        case "at-rule" if node.lower_at_keyword in _AT_RULES:
            return f"must not hold @{node.lower_at_keyword}"
        case "at-keyword" if node.lower_value in _AT_RULES:
            return f"must not hold @{node.lower_value}"
        case "function" if node.lower_name in _LOADERS:
            return f"must not hold {node.lower_name}(): use url()"
        case "function" if node.lower_name == "url":
            addresses = [part.value for part in node.arguments if part.type == "string"]
            return None if addresses and all(_is_own(each, own) for each in addresses) else _FOREIGN
        case "url" if not _is_own(node.value, own):
            return _FOREIGN
    return None


def _is_own(url: str, own: tuple[str, ...]) -> bool:
    return url.startswith(("data:image/", "data:font/", *own))
