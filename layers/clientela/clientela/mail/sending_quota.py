"""What SES lets this account send, and how much of it is used. Bulk mails leave a fifth free.

The fifth is for sign-in and security mails: SES counts all mails of the account together.
"""

from dataclasses import dataclass

from botocore.exceptions import ClientError

from clientela import settings
from clientela.aws import clients
from clientela.stores.timed_cache import TimedCache

CACHED_SECONDS = 30
BULK_SHARE = 0.8


@dataclass
class SendingQuota:
    """The account's quota; `sent` is the number of mails in the last 24 hours."""

    per_second: float
    per_day: float
    sent: float

    @property
    def bulk_interval(self) -> float:
        """Seconds between two bulk mails of one sender."""
        return settings.bulk_mail_concurrency() / (BULK_SHARE * self.per_second)

    @property
    def is_full_for_bulk(self) -> bool:
        """Whether the rest of the daily quota is kept for urgent mails."""
        return self.per_day >= 0 and self.sent >= BULK_SHARE * self.per_day  # -1: no daily quota


# As in the sandbox, if SES does not tell: few mails, but some.
_UNKNOWN = SendingQuota(per_second=1, per_day=-1, sent=0)


def current() -> SendingQuota:
    """Return the quota, at most CACHED_SECONDS old. One call of SES if it is not cached."""
    quota = _cache.get("account")
    if quota is None:
        quota = _fetch()
        _cache.put("account", quota)
    return quota


def count_bulk_mail(quota: SendingQuota) -> None:
    """Count one mail of this sender, and so many of the others, until SES counts them."""
    quota.sent += settings.bulk_mail_concurrency()


def _fetch() -> SendingQuota:
    try:
        answer = clients.ses().get_account()["SendQuota"]
    except ClientError:
        return SendingQuota(_UNKNOWN.per_second, _UNKNOWN.per_day, _UNKNOWN.sent)
    return SendingQuota(max(answer["MaxSendRate"], 0.1), answer["Max24HourSend"], answer["SentLast24Hours"])


_cache = TimedCache[str, SendingQuota](CACHED_SECONDS)
