"""`clientela customers`: list, show, create, change, invite, erase, reindex."""

from decimal import Decimal
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter

from clientela import clock
from clientela.concurrency import retry_on_conflict
from clientela.customers import customer_input, customer_search, customers, group_filter, invitations
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.customers.customer_filter import CustomerFilter
from clientela.customers.customer_search import Sort
from clientela.errors import CustomerNotFoundError, VersionConflictError
from clientela.lifecycle import customer_removal
from clientela.lifecycle.erasures import Erasure
from clientela.schema.email_addresses import Email
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela_cli import deployment
from clientela_cli.commands import field_changes, migrate
from clientela_cli.commands.filter_options import filtered
from clientela_cli.console import options, output

app = typer.Typer(help="Customers of a store.", no_args_is_help=True)

app.command("reindex")(migrate.reindex)

COLUMNS = ["Id", "Name", "E-mail", "Country", "Orders", "Spent", "Last order", "Status"]
_CHANGEABLE = (*NewCustomer.model_fields, "email_status", "vat_id_status")
CustomerName = Annotated[
    str, typer.Argument(metavar="CUSTOMER", help="The customer's id, e.g. cus_01K…, or e-mail.", show_default=False)
]


@app.command("list")
@filtered
def list_(
    context: typer.Context,
    store_id: options.Store,
    filter_: CustomerFilter,
    sort: Annotated[Sort, typer.Option(help="Order of the list; a leading - is descending.")] = "-created",
    limit: Annotated[int, typer.Option(min=1, help="How many customers.")] = 50,
    json: options.Json = False,
) -> None:
    """List a store's customers that pass all filters."""
    context.obj()
    store = stores.read(store_id)
    filter_ = group_filter.resolve(store, filter_)
    customers = customer_search.page(store, sort=sort, filter_=filter_, limit=limit).items
    if json:
        return output.json(customers)
    caption = f"{len(customers)} of {customer_search.count(store, filter_)} customers"
    return output.table(COLUMNS, map(_row, customers), caption)


@app.command()
def show(context: typer.Context, store_id: options.Store, name: CustomerName, json: options.Json = False) -> None:
    """Show a customer with all fields."""
    context.obj()
    _print(_find(stores.read(store_id), name), json)


@app.command()
def create(
    context: typer.Context,
    store_id: options.Store,
    email: Annotated[str, typer.Argument(metavar="E-MAIL", show_default=False)],
    fields: field_changes.Fields = None,
    patch: field_changes.Patch = None,
    json: options.Json = False,
) -> None:
    """Create a customer.

    Values are JSON or plain text, e.g. `--set name="Ana Pérez" --set billing_address.country=ES`.
    """
    values = field_changes.read_optional(NewCustomer, patch, fields) | {"email": email}
    context.obj()
    store = stores.read(store_id)
    by = deployment.operator()
    _print(customers.create(store, customer_input.parse_new(store, values), clock.now(), by), json)


@app.command()
def change(
    context: typer.Context,
    store_id: options.Store,
    name: CustomerName,
    fields: field_changes.Fields = None,
    patch: field_changes.Patch = None,
    json: options.Json = False,
) -> None:
    """Change a customer, and print what changed.

    Values are JSON or plain text, e.g. `--set status=disabled --set 'tags=["vip"]'`.
    """
    changes = field_changes.read(NewCustomer, patch, fields)
    context.obj()
    store, by = stores.read(store_id), deployment.operator()

    def attempt() -> tuple[Customer, Customer]:
        before = _find(store, name)
        return before, customers.patch(store, before.id, changes, clock.now(), before.version, by)

    before, after = retry_on_conflict(attempt, (VersionConflictError,))
    if json:
        return output.json(after)
    return field_changes.print_changes(before, after, _CHANGEABLE)


@app.command()
def invite(context: typer.Context, store_id: options.Store, name: CustomerName, json: options.Json = False) -> None:
    """Invite a customer by mail to use the account; at most once an hour."""
    context.obj()
    store = stores.read(store_id)
    invitation = invitations.invite(store, _find(store, name).id, clock.now())
    if json:
        return output.json(invitation)
    return output.say(f"The invitation goes to {invitation.email}.")


@app.command()
def erase(
    context: typer.Context,
    store_id: options.Store,
    name: CustomerName,
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Erase a customer's personal data for good, and print the certificate.

    The amounts of the orders are kept, without personal data. Repeated with the customer's id, it
    prints the same certificate.
    """
    context.obj()
    store = stores.read(store_id)
    customer_id = name if _is_id(name) else _find(store, name).id
    options.confirm(f"All personal data of {name} will be deleted for good.", customer_id, yes=yes)
    certificate = customer_removal.erase(store, customer_id, clock.now(), deployment.operator(), lambda: False)
    if json:
        return output.json(certificate)
    return _print_certificate(certificate)


def _find(store: Store, name: str) -> Customer:
    """Return the customer with an id or e-mail — CustomerNotFoundError."""
    if _is_id(name):
        return customers.get(store, name)
    customer = customers.find(store, TypeAdapter(Email).validate_python(name), clock.now())
    if customer is None:
        raise CustomerNotFoundError(f"No customer has the e-mail {name}.")
    return customer


def _is_id(name: str) -> bool:
    return "@" not in name


def _print(customer: Customer, json: bool) -> None:
    if json:
        return output.json(customer)
    return output.settings(dict(field_changes.flatten(customer.model_dump(mode="json"))))


def _print_certificate(certificate: Erasure) -> None:
    deleted = {name: count for name, count in certificate.deleted.model_dump().items() if count}
    output.details(
        erasure=certificate.id,
        status=certificate.status,
        erased_at=clock.format_timestamp(certificate.erased_at),
        completed_at=certificate.completed_at and clock.format_timestamp(certificate.completed_at),
        deleted=[f"{count} {name.replace('_', ' ')}" for name, count in deleted.items()],
        kept=[retained.what.replace("_", " ") for retained in certificate.kept if retained.count != 0],
    )


def _row(customer: dict[str, Any]) -> tuple[object, ...]:
    country = (customer["billing_address"] or {}).get("country")
    spent = [f"{Decimal(spend['amount']):,.2f} {spend['currency']}" for spend in customer["total_spent"]]
    last = (customer["last_order_at"] or "")[:10]
    return (
        customer["id"],
        customer["name"],
        customer["email"],
        country,
        customer["orders_count"],
        spent,
        last,
        customer["status"],
    )
