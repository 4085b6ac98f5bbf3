"""The mail with sample data that a merchant sends to the store's own address."""

from datetime import datetime, timedelta

from clientela.mail import mail_delivery
from clientela.mail.mail_delivery import Outcome, Outgoing
from clientela.notifications import mail_samples
from clientela.stores.stores import Store
from clientela.table import keys

RETENTION = timedelta(days=30)  # longer than the queue's retention


def deliver(store: Store, tested: str, language: str, test_id: str, now: datetime) -> Outcome:
    """Send a test to the merchant, once; withheld if the address for notifications is gone.

    Cost: 5 write units, 1 call of SES; 1 read unit if the words are not cached.
    """

    def build() -> Outgoing | None:
        if store.notification_email is None:
            return None
        return Outgoing(store.notification_email, language, mail_samples.content(store, tested, None))

    shop, name = mail_samples.shop(store), f"mail_test#{test_id}"
    return mail_delivery.send_once(shop, keys.store(store.id), name, now + RETENTION, now, build, keys.SETTINGS)
