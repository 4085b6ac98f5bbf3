"""What a merge gave to the customer who remained, taken back. What was changed since stays."""

from typing import Any, NamedTuple

from clientela.customers.customer_fields import Customer, with_published_fields
from clientela.schema.actors import FieldChange

_LISTS = {"groups", "tags"}
_MAPPINGS = {"custom_fields", "external_ids"}
# Fields that follow another one.
_LEADERS = {
    "vat_id_status": "vat_id",
    "accepts_marketing": "marketing_consent",
    "tax_exempt": "tax_exemption",
    "primary_group": "groups",
}


class Reversal(NamedTuple):
    """The customer without what the merge gave, and the names of what stays."""

    customer: Customer
    left: list[str]


def reverse(current: Customer, changes: list[FieldChange], merged_at: str) -> Reversal:
    """Return the customer as if the merge had not been, except for what was changed since.

    Lists, custom fields and external ids are compared entry by entry: an entry that the merge added
    goes unless it was changed.
    """
    fields = current.model_dump(mode="json")
    now = dict(fields)
    left: list[str] = []
    for change in changes:
        name = change.field
        if name in _LISTS:
            added = set(change.after) - set(change.before)
            fields[name] = [each for each in now[name] if each not in added]
        elif name == "shipping_addresses":
            fields[name], stayed = _reverse_book(now[name], change)
            left += stayed
        elif name in _MAPPINGS:
            fields[name], stayed = _reverse_mapping(now[name], change)
            left += stayed
        elif now[name] == change.after:
            fields[name] = change.before
        elif name not in _LEADERS:
            left.append(name)
    _follow_leaders(fields, now, changes)
    if (now["last_sign_in_at"] or "") > merged_at:
        fields |= {name: now[name] for name in ("type", "last_sign_in_at")}
        left = [name for name in left if name != "last_sign_in_at"]
    return Reversal(with_published_fields(current, fields), left)


def _reverse_book(book: list[dict[str, Any]], change: FieldChange) -> tuple[list[dict[str, Any]], list[str]]:
    old = {each["id"] for each in change.before}
    added = {each["id"]: _content(each) for each in change.after if each["id"] not in old}
    stays = [each for each in book if added.get(each["id"]) != _content(each)]
    touched = [f"shipping_addresses/{each['id']}" for each in stays if each["id"] in added]
    if stays and not any(each["is_default"] for each in stays):
        stays = [stays[0] | {"is_default": True}, *stays[1:]]
    return stays, touched


def _content(address: dict[str, Any]) -> dict[str, Any]:
    return {**address, "is_default": None}


def _reverse_mapping(now: dict[str, Any], change: FieldChange) -> tuple[dict[str, Any], list[str]]:
    added = {name: value for name, value in change.after.items() if name not in change.before}
    stays = {name: value for name, value in now.items() if name not in added or value != added[name]}
    return stays, [f"{change.field}/{name}" for name in stays if name in added]


def _follow_leaders(fields: dict[str, Any], now: dict[str, Any], changes: list[FieldChange]) -> None:
    """Let each follower go back, or stay, with its leader."""
    by_name = {change.field: change for change in changes}
    for follower, leader in _LEADERS.items():
        if follower not in by_name:
            continue
        if leader == "groups":
            fields[follower] = now[follower] if now[follower] in fields["groups"] else None
        elif leader in by_name:
            went_back = now[leader] == by_name[leader].after
            fields[follower] = by_name[follower].before if went_back else now[follower]
