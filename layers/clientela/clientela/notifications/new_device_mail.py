"""The notice of a sign-in from a device that the customer has not used before.

It follows from the table's stream, so that it is not lost with the process of the sign-in.
"""

from datetime import datetime, timedelta

from clientela.customers import customer_history, customers, mailability
from clientela.errors import CustomerNotFoundError, TooManyRequestsError
from clientela.mail import mail_delivery
from clientela.mail.mail_delivery import Outcome, Outgoing
from clientela.mail.mail_rendering import MailContent
from clientela.schema.locale_formats import Moment
from clientela.sign_in import known_devices, sign_in_limits
from clientela.sign_in.known_devices import KnownDevice
from clientela.stores import store_urls
from clientela.stores.stores import Store
from clientela.table import keys

RETENTION = timedelta(days=30)  # longer than the queue's retention


def deliver(store: Store, customer_id: str, device: str, now: datetime) -> Outcome:
    """Inform a customer once of a sign-in from a new device, a few times a day at most.

    Cost: 3 read units, 3 to 4 write units, 1 call of SES.
    """
    known = known_devices.find(store.id, customer_id, device)
    if known is None:
        return "withheld"
    about = keys.customer(store.id, customer_id)
    # By its time: a device that was forgotten after a year may become new again.
    name = f"new_device#{device}#{known.first_seen_at}"
    return mail_delivery.send_once(
        store, about, name, now + RETENTION, now, lambda: _outgoing(store, customer_id, device, known, now)
    )


def _outgoing(store: Store, customer_id: str, device: str, known: KnownDevice, now: datetime) -> Outgoing | None:
    try:
        customer = customers.get(store, customer_id)
        if store.login_mode == "disabled" or not mailability.reachable(customer):
            return None
        sign_in_limits.limit_device_notices(store, customer_id, now)
    except (CustomerNotFoundError, TooManyRequestsError):
        return None
    # To the address at that time: an attacker may have changed the account's e-mail since.
    address = customer_history.email_at(store, customer, int(known.customer_version))
    at = datetime.fromisoformat(known.first_seen_at)
    return Outgoing(address, customer.language, new_device_mail(store, known_devices.name_of(device), at))


def new_device_mail(store: Store, device: str | None, at: datetime) -> MailContent:
    """Return the notice, with the time in the store's time zone."""
    shown = device.replace(" on ", " · ") if device else None
    return MailContent(
        "new_device", {"link": store_urls.sign_in_url(store), "device": shown, "time": Moment(at, store.timezone)}
    )
