"""`clientela customers`: list."""

from decimal import Decimal
from typing import Annotated, Any

import typer

from clientela.customers import customer_search
from clientela.customers.customer_filter import CustomerFilter
from clientela.customers.customer_search import Sort
from clientela.stores import stores
from clientela_cli.console import options, output

app = typer.Typer(help="Customers of a store.", no_args_is_help=True)

COLUMNS = ["Name", "E-mail", "Country", "Orders", "Spent", "Last order", "Status"]


@app.command("list")
def list_(
    context: typer.Context,
    store_id: options.Store,
    query: Annotated[str | None, typer.Option(help="Words to find in name, e-mail, company or phone.")] = None,
    sort: Annotated[
        Sort,
        typer.Option(
            help="Order of the list; a leading - is descending. By orders, spent or last_order, it contains only "
            "customers with orders."
        ),
    ] = "-created",
    limit: Annotated[int, typer.Option(min=1, help="How many customers.")] = 50,
    json: options.Json = False,
) -> None:
    """List a store's customers."""
    filter_ = CustomerFilter(query=query)
    context.obj()
    store = stores.read(store_id)
    customers = customer_search.page(store, sort=sort, filter_=filter_, limit=limit).items
    if json:
        return output.json(customers)
    caption = f"{len(customers)} of {customer_search.count(store, filter_)} customers"
    return output.table(COLUMNS, map(_row, customers), caption)


def _row(customer: dict[str, Any]) -> tuple[object, ...]:
    country = (customer["billing_address"] or {}).get("country")
    spent = [f"{Decimal(spend['amount']):,.2f} {spend['currency']}" for spend in customer["total_spent"]]
    last = (customer["last_order_at"] or "")[:10]
    return customer["name"], customer["email"], country, customer["orders_count"], spent, last, customer["status"]
