"""The one stylesheet in which a storefront gets the CSS of several groups.

A storefront gives its page the classes of `GET /account/checkout` and loads the stylesheet named there. The address holds
codes of groups and no customer: all members share it, and browsers and CDNs may keep it.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from clientela.groups import groups
from clientela.groups.groups import CODE, Group
from clientela.stores.stores import Store

CACHE_SECONDS = 300  # a change of a group's CSS is seen within five minutes
MAX_GROUPS = 50  # as many as a customer can be in


class Stylesheet(NamedTuple):
    """A stylesheet, and for how many seconds it may be kept."""

    css: str
    seconds: int


def css_class(group: Group) -> str:
    """`clientela-group-wholesale`: as stable as the group's code."""
    return f"clientela-group-{group.code}"


def path_for(store: Store, found: Sequence[Group]) -> str:
    """The path of the stylesheet of these groups, the leading one first."""
    codes = ",".join(group.code for group in found if group.css)
    return f"/v1/stores/{store.id}/storefront.css" + (f"?groups={codes}" if codes else "")


def stylesheet(store: Store, codes: Iterable[str], now: datetime) -> Stylesheet:
    """The CSS of those groups that hold now; what is no group's code is left out. Half a read unit for each code, and
    half of one per 4 KB of each group.

    The first code's CSS comes last, where it wins. It may be kept until one of the groups begins or ends to hold.
    """
    wanted = list(dict.fromkeys(code for code in codes if re.fullmatch(CODE, code)))[:MAX_GROUPS]
    by_code = {group.code: group for group in groups.by_codes(store, wanted)}
    found = [by_code[code] for code in reversed(wanted) if code in by_code]
    css = "".join(f"{group.css}\n" for group in found if group.css and groups.is_active(group, now))
    edges = [edge for group in found for edge in (group.valid_from, group.valid_until) if edge and edge > now]
    return Stylesheet(css, min([CACHE_SECONDS, *(int((edge - now).total_seconds()) for edge in edges)]))
