"""`clientela doctor`: what SES says about the account and the senders, and what to do about it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.support.cli import Run, deploy, runner

from clientela.aws import clients
from clientela.mail import sender_checks
from clientela.mail.sender_checks import Check
from clientela.stores import stores
from clientela.stores.stores import Store

ADVISOR = {"VdmAttributes": {"VdmEnabled": "ENABLED"}}
WELL: dict[str, Any] = {
    "VerifiedForSendingStatus": True,
    "DkimAttributes": {"Status": "SUCCESS", "SigningEnabled": True},
    "MailFromAttributes": {"MailFromDomain": "bounce.example.com", "MailFromDomainStatus": "SUCCESS"},
}


class Ses:
    """SES as the operator's account has it."""

    def __init__(self) -> None:
        self.meta = SimpleNamespace(region_name="eu-west-1")
        self.account: dict[str, Any] = {
            "ProductionAccessEnabled": True,
            "SendingEnabled": True,
            "EnforcementStatus": "HEALTHY",
            "SendQuota": {"Max24HourSend": 50_000.0, "MaxSendRate": 14.0, "SentLast24Hours": 120.0},
        } | ADVISOR
        self.identities: dict[str, dict[str, Any]] = {"example.com": WELL}
        self.recommendations: list[dict[str, str]] = []

    def get_account(self) -> dict[str, Any]:
        return self.account

    def get_email_identity(self, *, EmailIdentity: str) -> dict[str, Any]:  # noqa: N803 - the service's name
        if EmailIdentity not in self.identities:
            raise ClientError({"Error": {"Code": "NotFoundException", "Message": ""}}, "GetEmailIdentity")
        return self.identities[EmailIdentity]

    def list_recommendations(self, **_: Any) -> dict[str, Any]:
        return {"Recommendations": self.recommendations}


@pytest.fixture
def ses(monkeypatch: pytest.MonkeyPatch) -> Ses:
    stand_in = Ses()
    monkeypatch.setattr(clients, "ses", lambda: stand_in)
    return stand_in


def found(name: str) -> Check:
    [check] = [each for each in sender_checks.run(["shop@mail.example.com"]) if each.check == name]
    return check


def test_everything_is_well(ses: Ses) -> None:
    assert [(each.check, each.result) for each in sender_checks.run(["shop@mail.example.com"])] == [
        (name, "ok")
        for name in (
            "region", "production access", "sending", "quota", "identity", "DKIM", "MAIL FROM", "DMARC",
        )
    ]  # fmt: skip
    assert found("identity").found == "verified by example.com"


@pytest.mark.parametrize(
    ("check", "result", "changes"),
    [
        ("production access", "problem", {"ProductionAccessEnabled": False}),
        ("sending", "problem", {"SendingEnabled": False, "EnforcementStatus": "SHUTDOWN"}),
        ("sending", "warning", {"EnforcementStatus": "PROBATION"}),
        ("quota", "warning", {"SendQuota": {"Max24HourSend": 200.0, "MaxSendRate": 1.0, "SentLast24Hours": 0.0}}),
        ("quota", "warning", {"SendQuota": {"Max24HourSend": 1000.0, "MaxSendRate": 14.0, "SentLast24Hours": 800.0}}),
        ("quota", "ok", {"SendQuota": {"Max24HourSend": -1.0, "MaxSendRate": 14.0, "SentLast24Hours": 800.0}}),
        ("DMARC", "warning", {"VdmAttributes": {"VdmEnabled": "DISABLED"}}),
    ],
)
def test_the_account(ses: Ses, check: str, result: str, changes: dict[str, Any]) -> None:
    ses.account |= changes
    assert found(check).result == result
    assert bool(found(check).advice) == (result != "ok")


@pytest.mark.parametrize(
    ("check", "result", "changes", "advice"),
    [
        ("identity", "problem", {"VerifiedForSendingStatus": False}, "in this region"),
        ("DKIM", "problem", {"DkimAttributes": {"Status": "PENDING", "Tokens": ["a1"]}}, "a1._domainkey"),
        ("DKIM", "problem", {"DkimAttributes": {"Status": "SUCCESS", "SigningEnabled": False}}, "Easy DKIM"),
        ("MAIL FROM", "warning", {"MailFromAttributes": {}}, "SPF"),
        (
            "MAIL FROM",
            "problem",
            {"MailFromAttributes": {"MailFromDomain": "bounce.example.com", "MailFromDomainStatus": "FAILED"}},
            "bounce.example.com",
        ),
    ],
)
def test_the_sender(ses: Ses, check: str, result: str, changes: dict[str, Any], advice: str) -> None:
    ses.identities["example.com"] = WELL | changes
    assert found(check).result == result
    assert advice in found(check).advice


def test_a_missing_dmarc_record_is_what_ses_found(ses: Ses) -> None:
    ses.recommendations = [
        {"ResourceArn": "arn:aws:ses:eu-west-1:1:identity/example.org", "Description": "other"},
        {"ResourceArn": "arn:aws:ses:eu-west-1:1:identity/example.com", "Description": "DMARC record was not found"},
    ]
    assert found("DMARC")[2:4] == ("problem", "DMARC record was not found")
    assert "_dmarc.example.com" in found("DMARC").advice


@pytest.fixture
def run(aws: Any, ses: Ses, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.setenv("CLIENTELA_LOCAL_DIR", str(tmp_path))
    deploy(tmp_path)
    command = runner(monkeypatch, capsys)
    return lambda *arguments: command("--local", *arguments)


def test_the_command_checks_the_senders_of_all_stores(run: Run, ses: Ses, store: Store) -> None:
    assert run("doctor").code == 0
    own = store.model_copy(update={"sender": "hello@example.net", "version": 2})
    stores.replace(store, own, store.updated_at)
    shown = run("doctor")
    assert shown.code == 1
    assert "hello@example.net" in shown.out
    assert "not verified" in shown.out
    checks = run("doctor", "--json").json()
    assert {each["subject"] for each in checks} == {"account", "shop@example.com", "hello@example.net"}
