"""One stylesheet with the CSS of several groups.

A storefront adds the classes from `GET /account/checkout` to its page and loads the stylesheet
named there. Its URL contains group codes but no customer, so all members share it, and browsers and
CDNs may cache it.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from clientela.groups import group_css, groups
from clientela.groups.groups import CODE, Group
from clientela.stores.stores import Store

CACHE_SECONDS = 300  # a change of a group's CSS is visible after five minutes
MAX_GROUPS = 50  # a customer's maximum


class Stylesheet(NamedTuple):
    """A stylesheet, and for how many seconds it may be cached."""

    css: str
    seconds: int


def css_class(group: Group) -> str:
    """Return the group's CSS class, e.g. `clientela-group-wholesale`."""
    return f"clientela-group-{group.code}"


def path_for(store: Store, leading_first: Sequence[Group]) -> str:
    """Return the path of the stylesheet of these groups."""
    codes = ",".join(group.code for group in leading_first if group.css)
    return f"/v1/stores/{store.id}/storefront.css" + (f"?groups={codes}" if codes else "")


def stylesheet(store: Store, codes: Iterable[str], now: datetime) -> Stylesheet:
    """Return the CSS of the active groups among `codes`; unknown codes are ignored.

    The first code's CSS comes last, so that it wins. Each group's CSS is checked and serialised
    again, and left out if it is not safe. The stylesheet may be cached until one of the groups
    starts or ends.

    Cost: half a read unit per code, and half a read unit per 4 KB of each group.
    """
    valid_codes = list(dict.fromkeys(code for code in codes if re.fullmatch(CODE, code)))[:MAX_GROUPS]
    by_code = {group.code: group for group in groups.by_codes(store, valid_codes)}
    leading_last = [by_code[code] for code in reversed(valid_codes) if code in by_code]
    active = [group_css.serialize(store, group.css) for group in leading_last if groups.is_active(group, now)]
    css = "".join(f"{group}\n" for group in active if group)
    limits = (limit for group in leading_last for limit in (group.valid_from, group.valid_until))
    seconds_left = (int((limit - now).total_seconds()) for limit in limits if limit and limit > now)
    return Stylesheet(css, min([CACHE_SECONDS, *seconds_left]))
