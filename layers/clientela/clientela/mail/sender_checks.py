"""Checks of whether mails can be sent and will arrive: the account of SES and each sender's DNS.

SES itself looks at the DNS records, so the answers are those that it sends by.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple

from botocore.exceptions import ClientError

from clientela.aws import clients
from clientela.mail import senders

Result = Literal["ok", "warning", "problem"]
# Fewer mails in a day are the sandbox's quota.
_SANDBOX_QUOTA = 200


class Check(NamedTuple):
    """The result of one check; `advice` says what to do about it."""

    subject: str
    check: str
    result: Result
    found: str
    advice: str = ""


def run(addresses: Iterable[str]) -> list[Check]:
    """Check the account and the domain of each sender address. A few calls of SES for each."""
    checks = list(_account())
    for address in sorted(set(addresses)):
        checks += _sender(address)
    return checks


def _account() -> Iterator[Check]:
    client = clients.ses()
    region, account = client.meta.region_name, client.get_account()
    yield Check("account", "region", "ok", region)
    if account.get("ProductionAccessEnabled"):
        yield Check("account", "production access", "ok", "out of the sandbox")
    else:
        advice = "Request production access in the console of SES: until then only verified addresses get mail."
        yield Check("account", "production access", "problem", "in the sandbox", advice)
    yield _sending(account)
    quota = account["SendQuota"]
    used = f"{quota['SentLast24Hours']:,.0f} of {quota['Max24HourSend']:,.0f} mails, {quota['MaxSendRate']:g} a second"
    if quota["Max24HourSend"] < 0:
        yield Check("account", "quota", "ok", f"no daily quota, {quota['MaxSendRate']:g} a second")
    elif quota["Max24HourSend"] <= _SANDBOX_QUOTA or quota["SentLast24Hours"] >= 0.8 * quota["Max24HourSend"]:
        advice = "Request a higher quota; bulk mails stop at four fifths. Set LinksPerDay below it."
        yield Check("account", "quota", "warning", used, advice)
    else:
        yield Check("account", "quota", "ok", used)


def _sending(account: Any) -> Check:
    status = account.get("EnforcementStatus", "HEALTHY")
    if not account.get("SendingEnabled", True):
        return Check(
            "account", "sending", "problem", f"paused ({status})", "See Account dashboard of SES for the reason."
        )
    if status != "HEALTHY":
        advice = "Look for bounces and complaints, and answer SES's message about them."
        return Check("account", "sending", "warning", f"under review ({status})", advice)
    return Check("account", "sending", "ok", "enabled")


def _sender(address: str) -> Iterator[Check]:
    name, identity = _identity(address)
    if identity is None:
        advice = "Create the domain as an identity of SES in this region, and add its DKIM records to the DNS."
        yield Check(address, "identity", "problem", "not verified in this region", advice)
        return
    yield Check(address, "identity", "ok", f"verified by {name}")
    yield _dkim(address, identity.get("DkimAttributes", {}))
    yield _mail_from(address, identity.get("MailFromAttributes", {}))
    yield _dmarc(address, name)


def _identity(address: str) -> tuple[str, Any]:
    """Return the first verified identity that covers the address: a domain, else the address."""
    covering = list(senders.identities(address))
    for name in [*covering[1:], covering[0]]:  # DNS records are the domain's
        try:
            found: Any = clients.ses().get_email_identity(EmailIdentity=name)
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NotFoundException", "BadRequestException"}:
                continue
            raise
        if found.get("VerifiedForSendingStatus"):
            return name, found
    return "", None


def _dkim(address: str, dkim: Any) -> Check:
    status = dkim.get("Status", "NOT_STARTED")
    if status == "SUCCESS" and dkim.get("SigningEnabled", True):
        return Check(address, "DKIM", "ok", "signed")
    tokens = ", ".join(f"{token}._domainkey" for token in dkim.get("Tokens", []))
    advice = "Switch on Easy DKIM for the domain" + (f", and add the CNAME records {tokens}." if tokens else ".")
    return Check(address, "DKIM", "problem", status.lower().replace("_", " "), advice)


def _mail_from(address: str, mail_from: Any) -> Check:
    domain, status = mail_from.get("MailFromDomain"), mail_from.get("MailFromDomainStatus")
    if not domain:
        advice = "Set a MAIL FROM domain below the sender's: SPF is aligned with the sender then."
        return Check(address, "MAIL FROM", "warning", "amazonses.com", advice)
    if status == "SUCCESS":
        return Check(address, "MAIL FROM", "ok", domain)
    advice = f"Add the MX and TXT records of {domain} that the console of SES shows."
    return Check(address, "MAIL FROM", "problem", f"{domain}: {(status or 'pending').lower()}", advice)


def _dmarc(address: str, identity: str) -> Check:
    domain = identity.rpartition("@")[2]
    look = f"Look at the TXT record _dmarc.{domain}: Gmail, Yahoo and Outlook.com want one, at least v=DMARC1; p=none."
    client = clients.ses()
    try:
        recommendations = client.list_recommendations(Filter={"TYPE": "DMARC", "STATUS": "OPEN"})["Recommendations"]
        has_advisor = bool(client.get_account().get("VdmAttributes", {}).get("VdmEnabled") == "ENABLED")
    except ClientError:
        recommendations, has_advisor = [], False
    open_ones = [each for each in recommendations if each.get("ResourceArn", "").endswith(f"identity/{identity}")]
    if open_ones:
        return Check(address, "DMARC", "problem", open_ones[0].get("Description", "missing"), look)
    if not has_advisor:
        advice = f"{look} SES checks it if Virtual Deliverability Manager is on."
        return Check(address, "DMARC", "warning", "not checked by SES", advice)
    return Check(address, "DMARC", "ok", "no recommendation of SES")
