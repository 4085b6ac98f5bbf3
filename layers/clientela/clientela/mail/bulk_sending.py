"""The pace and the limits of bulk mails, so that they never take what a sign-in needs."""

import time
from datetime import datetime

from clientela import settings
from clientela.errors import TooManyRequestsError
from clientela.mail import sending_quota
from clientela.mail.sending_errors import MailHeldError
from clientela.stores.stores import Store
from clientela.table import limit_keys, rate_limits
from clientela.table.rate_limits import Rule

DAY = 86400  # seconds
_last_turn = 0.0  # of this instance, which sends one mail at a time


def admit(store: Store, now: datetime) -> None:
    """Wait for the turn of one bulk mail.

    Raises:
        MailHeldError: bulk mails have used their share of SES's daily quota, or the store its own.

    Cost: 1 write unit; every 30 seconds one call of SES.
    """
    quota = sending_quota.current()
    if quota.is_full_for_bulk:
        raise MailHeldError("quota")
    rule = Rule(settings.store_bulk_mails_per_day(), DAY)
    try:
        rate_limits.fixed_window(limit_keys.bulk_mails_of_store_a_day(store.id), rule, now)
    except TooManyRequestsError:
        raise MailHeldError("store_limit") from None
    _wait(quota.bulk_interval)
    sending_quota.count_bulk_mail(quota)


def _wait(interval: float) -> None:
    """Sleep until `interval` seconds have passed since the last turn."""
    global _last_turn
    time.sleep(max(0.0, _last_turn + interval - time.monotonic()))
    _last_turn = time.monotonic()
