"""Walks a whole table and finds what does not fit together: nothing of it is asked of the code that wrote it."""

import json
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import boto3

from clientela import settings
from clientela.customers import stored_customers

COUNTED = {"paid", "partially_refunded"}

type Item = dict[str, Any]


def faults(store_id: str) -> list[str]:
    """What is wrong in a store's items and in the indexes over them; empty where all is well."""
    table = boto3.resource("dynamodb").Table(settings.table_name())
    own = [item for item in _all(table.scan) if item["pk"].startswith(f"STORE#{store_id}#")]
    collections: dict[str, list[Item]] = defaultdict(list)
    for item in own:
        collections[item["pk"]].append(item)
    found = [
        *_claims(store_id, collections),
        *_external_ids(own),
        *_orders(store_id, collections),
        *_customers(collections),
    ]
    profiles = {item["pk"]: item for item in own if item["sk"] == "PROFILE"}
    for index in table.global_secondary_indexes or []:
        found += _index(table, index, profiles, store_id)
    return found


def _all(read: Any, **request: Any) -> Iterator[Item]:
    while True:
        answer = read(**request)
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _kind(collection: list[Item], sk: str) -> Item | None:
    return next((item for item in collection if item["sk"] == sk), None)


def _claims(store_id: str, collections: dict[str, list[Item]]) -> Iterator[str]:
    """Every claim has its customer, and every customer the claim of its e-mail."""
    for pk, items in list(collections.items()):
        claim, profile = _kind(items, "CLAIM"), _kind(items, "PROFILE")
        if claim:
            holder = _kind(collections.get(f"STORE#{store_id}#CUSTOMER#{claim['customer_id']}", []), "PROFILE")
            if holder is None or holder["email_key"] != f"{pk.split('#', 3)[3]}#{claim['customer_id']}":
                yield f"claim without its customer: {pk}"
        if profile:
            email, _, customer_id = profile["email_key"].rpartition("#")
            held = _kind(collections.get(f"STORE#{store_id}#EMAIL#{email}", []), "CLAIM")
            if held is None or held["customer_id"] != customer_id:
                yield f"customer without its claim: {pk}"


def _external_ids(own: list[Item]) -> Iterator[str]:
    """Every claim of an external id has its customer, and every external id has its claim."""
    claimed = {(item["pk"].split("#", 3)[3], item["customer_id"]) for item in own if item["sk"] == "EXTERNAL_ID"}
    held = set()
    for profile in (item for item in own if item["sk"] == "PROFILE"):
        customer = stored_customers.load_raw(_as_sent(profile))
        held |= {(f"{system}#{id_}", customer["id"]) for system, id_ in customer.get("external_ids", {}).items()}
    if claimed != held:
        yield f"external ids without a claim, or claims without a customer: {sorted(claimed ^ held)}"


def _orders(store_id: str, collections: dict[str, list[Item]]) -> Iterator[str]:
    """Every order is where its reference says, with whoever has its e-mail or with nobody; every reference has its order."""
    for pk, items in list(collections.items()):
        for item in items:
            if item["sk"].startswith("ORDER#"):
                reference = _kind(collections.get(f"STORE#{store_id}#ORDER#{item['order_id']}", []), "REFERENCE")
                if reference is None or (_place(store_id, reference), _key(reference)) != (pk, item["sk"]):
                    yield f"order without its reference: {pk} {item['sk']}"
                if "#EMAIL#" in pk and _kind(items, "CLAIM"):
                    yield f"order that its customer has not adopted: {pk} {item['sk']}"
            is_reference = item["sk"] == "REFERENCE" and "money" not in item
            if is_reference and _kind(collections.get(_place(store_id, item), []), _key(item)) is None:
                yield f"reference without its order: {pk}"


def _place(store_id: str, reference: Item) -> str:
    if "customer_id" in reference:
        return f"STORE#{store_id}#CUSTOMER#{reference['customer_id']}"
    return f"STORE#{store_id}#EMAIL#{reference.get('email', '')}"


def _key(reference: Item) -> str:
    return f"ORDER#{reference['placed_at']}#{reference['order_id']}"


def _customers(collections: dict[str, list[Item]]) -> Iterator[str]:
    """Nothing hangs on a customer that is not there; statistics are the sum of the orders."""
    for pk, items in collections.items():
        if "#CUSTOMER#" in pk:
            profile = _kind(items, "PROFILE")
            if profile is None:
                yield f"orphans: {pk} {[item['sk'] for item in items]}"
                continue
            orders = sorted(
                (item for item in items if item["sk"].startswith("ORDER#")), key=lambda item: str(item["sk"])
            )
            customer, computed = (
                stored_customers.load_raw(_as_sent(profile)),
                figures([json.loads(item["order"]) for item in orders]),
            )
            shown = {name: customer.get(name, empty) for name, empty in _EMPTY.items()}
            shown["total_spent"] = {
                each["currency"]: (Decimal(each["amount"]), each["orders"]) for each in shown["total_spent"]
            }
            if shown != computed:
                yield f"statistics of {pk}: {shown}, but the orders come to {computed}"


def _as_sent(profile: Item) -> dict[str, Any]:
    """The customer of a profile as DynamoDB's protocol has it."""
    names = [name for name in stored_customers.ATTRIBUTES if name in profile]
    compressed = {name: {"B": b64encode(bytes(profile[name])).decode()} for name in names}
    return {"pk": {"S": profile["pk"]}} | compressed


_EMPTY: dict[str, Any] = {
    "orders_count": 0, "orders_total": 0, "total_spent": [], "first_order_at": None, "last_order_at": None,
    "last_order_status": None, "last_payment_method": None,
}  # fmt: skip


def figures(orders: list[Item]) -> dict[str, Any]:
    """What orders, oldest first, come to."""
    counted = [order for order in orders if order["payment_status"] in COUNTED]
    spent: dict[str, tuple[Decimal, int]] = {}
    for order in counted:
        amount, count = spent.get(order["currency"], (Decimal(0), 0))
        spent[order["currency"]] = (amount + Decimal(order["total"]), count + 1)
    return {
        "orders_count": len(counted),
        "total_spent": spent,
        "first_order_at": counted[0]["placed_at"] if counted else None,
        "orders_total": len(orders),
        "last_order_at": orders[-1]["placed_at"] if orders else None,
        "last_order_status": orders[-1]["payment_status"] if orders else None,
        "last_payment_method": orders[-1].get("payment_method") if orders else None,
    }


def _index(table: Any, index: Any, profiles: dict[str, Item], store_id: str) -> Iterator[str]:
    """An index shows each customer who has its key once, with what the profile has; orders without account aside."""
    name, keys = index["IndexName"], [key["AttributeName"] for key in index["KeySchema"]]
    prefix = f"STORE#{store_id}#CUSTOMER#"
    entries = [item for item in _all(table.scan, IndexName=name) if item["pk"].startswith(prefix)]
    shown = {item["pk"]: item for item in entries}
    wanted = {pk for pk, profile in profiles.items() if all(key in profile for key in keys)}
    if len(shown) != len(entries) or shown.keys() != wanted:
        yield f"index {name}: {shown.keys() ^ wanted}"
    for pk, entry in shown.items():
        if any(profiles.get(pk, {}).get(attribute) != value for attribute, value in entry.items()):
            yield f"index {name}: {pk} differs"
