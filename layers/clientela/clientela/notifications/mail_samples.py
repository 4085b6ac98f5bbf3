"""Every mail with sample data: for previews, tests to the merchant, the checks and the gallery."""

import datetime as dt
from decimal import Decimal
from typing import NamedTuple

from clientela.customers.customer_fields import Customer
from clientela.errors import FieldError, InvalidInputError
from clientela.imports.import_jobs import ImportJob
from clientela.imports.import_reasons import Reason
from clientela.mail import mail_words
from clientela.mail.mail_rendering import MailContent
from clientela.notifications import (
    account_notices,
    approval_mail,
    email_change_mail,
    export_mails,
    import_mail,
    invitation_mail,
    new_device_mail,
    sign_in_mail,
    waiting_mails,
    welcome_mail,
)
from clientela.notifications.sign_in_mail import Asker
from clientela.orders.order_fields import Order, OrderItem
from clientela.schema.locale_formats import Moment
from clientela.stores.stores import Store

NOW = dt.datetime(2026, 12, 1, 9, 5, tzinfo=dt.UTC)
STOREFRONT = "https://shop.example.com"
LINK = f"{STOREFRONT}/account#token=req_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6.c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"
CODE = "428913"


class Sample(NamedTuple):
    """A mail with a name of its own: of its folder, and of what is special about it."""

    name: str
    mail: MailContent


def shop(store: Store) -> Store:
    """Return the store as samples need it: with a storefront, and with all languages.

    A merchant prepares a language before offering it, and only the mail sender knows the address of
    the hosted sign-in page.
    """
    changes = {"storefront_url": store.storefront_url or STOREFRONT, "hosted_sign_in": False, "languages": []}
    return store.model_copy(update=changes)


def content(store: Store, mail: str, variant: str | None) -> MailContent:
    """Return a mail with sample data, of a variant or of the first one — InvalidInputError."""
    found = [sample.mail for sample in samples(shop(store)) if sample.mail.name == mail]
    for each in found:
        if variant in (None, each.variant):
            return each
    known = [each.variant for each in found if each.variant]
    raise InvalidInputError(fields=[FieldError("/variant", mail_words.unknown_variant(known))])


def samples(store: Store, name: str = "Ana") -> list[Sample]:
    """Return every mail, and those of its forms that look different."""
    ana = Customer(id="cus_1", email="ana@example.com", first_name=name, created_at=NOW, updated_at=NOW)
    at, windows = Moment(NOW, store.timezone), "Firefox on Windows"
    rejects = f"https://api.example.com/v1/stores/{store.id}/imports/imp_1/rejects"
    until = dt.date(2026, 12, 8)
    imports = {
        "imported": (_job(), _REASONS),
        "dry_run": (_job(dry_run=True), _REASONS),
        "failed": (_job(status="failed", message="The file is empty.", rows_done=0), []),
        "cancelled": (_job(status="cancelled"), []),
    }
    return [
        Sample("sign_in_link", sign_in_mail.sign_in_link_mail(LINK, CODE, Asker(at, windows, "ES"))),
        Sample("sign_in_link code first", sign_in_mail.sign_in_link_mail(LINK, CODE, Asker(at, windows, "ES", True))),
        Sample("sign_in_link of an unknown browser", sign_in_mail.sign_in_link_mail(LINK, CODE, Asker(at))),
        Sample("welcome", welcome_mail.welcome_mail(store, ana, order(2))),
        Sample("welcome with many lines", welcome_mail.welcome_mail(store, ana, order(14))),
        Sample("welcome without order", welcome_mail.welcome_mail(store, ana)),
        Sample("invitation", invitation_mail.invitation_mail(store, ana)),
        Sample("waiting", waiting_mails.waiting_mail()),
        Sample("approval_requested", waiting_mails.approval_requested_mail(ana)),
        Sample("approved", approval_mail.approved_mail(store, ana)),
        Sample("email_change", email_change_mail.email_change_mail(LINK, CODE)),
        Sample("email_in_use", MailContent("email_in_use", {"link": LINK})),
        Sample("email_changed", account_notices.email_changed_mail(LINK)),
        Sample("email_changed by the store", account_notices.email_changed_mail(None)),
        Sample("password_changed", account_notices.password_changed_mail(store, is_removed=False)),
        Sample("password_changed removed", account_notices.password_changed_mail(store, is_removed=True)),
        Sample("new_device", new_device_mail.new_device_mail(store, windows, NOW)),
        Sample("new_device unknown", new_device_mail.new_device_mail(store, None, NOW)),
        *(
            Sample(f"import_result {outcome}", import_mail.import_mail(store, job, reasons, rejects))
            for outcome, (job, reasons) in imports.items()
        ),
        Sample("export_ready", export_mails.ready_mail(LINK, "Newsletter", 12_059, 18_250, until)),
        Sample("export_failed", export_mails.failed_mail("Newsletter", "exp_1")),
    ]


def order(lines: int) -> Order:
    """Return an order with so many lines."""
    articles = [("Espresso cups, set of 6", 1, "34.50"), ("Coffee beans, 1 kg", 3, "18.90"), ("Gift wrapping", 1, None)]
    items = [
        OrderItem(name=name, quantity=quantity, price=Decimal(price) if price else None)
        for name, quantity, price in (articles * lines)[:lines]
    ]
    total = Decimal("1234.50") if lines > 2 else Decimal("91.20")
    return Order(
        id="1001",
        number="A-1001",
        version=1,
        placed_at=NOW,
        currency="EUR",
        total=total,
        payment_status="paid",
        items=items,
    )


_REASONS = [
    Reason(code="phone_invalid", message="“1 2” is not a phone number.", rows=3, lines=[2, 5, 9]),
    Reason(code="email_invalid", message="“ana@” is not an e-mail address.", rows=1, lines=[17]),
]


def _job(**fields: object) -> ImportJob:
    given = {
        "id": "imp_1",
        "status": "succeeded",
        "file": "customers.csv",
        "created": 1207,
        "updated": 42,
        "rejected": 4,
    }
    return ImportJob.model_validate({**given, "rows_done": 1253, "started_at": NOW, **fields})
