"""The parts of PynamoDB that `table/records` replaces.

If a test fails after an upgrade of pynamodb (last passed with 6.1.0), adapt `Record._get_connection` and
`_connection`: PynamoDB must build requests with a connection that has the table's schema and no client.
"""

import pynamodb.connection.base
import pytest
from pynamodb.attributes import NumberAttribute
from pynamodb.models import Model

from clientela.table import records
from clientela.table.records import Record


class Cart(Record):
    total = NumberAttribute(null=True)


@pytest.fixture(autouse=True)
def no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """PynamoDB would create a session of botocore by this function."""

    def refuse() -> None:
        raise AssertionError("PynamoDB creates a session of botocore")

    monkeypatch.setattr(pynamodb.connection.base, "get_session", refuse)
    monkeypatch.setenv("TABLE_NAME", "carts")
    records._connection.cache_clear()


def test_pynamodb_asks_the_private_method_for_its_connection() -> None:
    assert "_get_connection" in vars(Model), "PynamoDB renamed Model._get_connection, which Record overrides"
    assert Cart._get_connection() is Record._get_connection()


def test_requests_are_built_without_a_session() -> None:
    cart = Cart("STORE#demo", "CART#1", total=3)
    keys = {"pk": {"S": "STORE#demo"}, "sk": {"S": "CART#1"}}
    written = cart.get_save_kwargs_from_instance(condition=Cart.pk.does_not_exist())
    assert (written["TableName"], written["Item"]) == ("carts", keys | {"total": {"N": "3"}})
    updated = cart.get_update_kwargs_from_instance(actions=[Cart.total.set(4)], condition=Cart.pk.exists())
    assert (updated["TableName"], updated["Key"]) == ("carts", keys)
    deleted = cart.get_delete_kwargs_from_instance(condition=Cart.pk.exists())
    assert (deleted["TableName"], deleted["Key"]) == ("carts", keys)
