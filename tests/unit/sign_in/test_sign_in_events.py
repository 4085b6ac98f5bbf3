"""What the merchant is told of a customer's sign-ins: every outcome, in order, and no secret."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from tests.support import sign_ins, table_items
from tests.support.sign_ins import ANA, HERE, NOW, Mailbox, by_code, by_link, wrong

from clientela.customers import customers, store_settings
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.errors import ClientelaError, TooManyRequestsError
from clientela.notifications import sign_in_mail
from clientela.sign_in import link_sign_in, sign_in_events, sign_in_limits
from clientela.sign_in.sign_in_errors import (
    BrowserMismatchError,
    CodeWrongError,
    LinkExpiredError,
    LinkUnknownError,
    LinkUsedError,
)
from clientela.stores.stores import Store


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    return sign_ins.mailbox(monkeypatch)


@pytest.fixture
def ana(store: Store) -> Customer:
    return customers.create(store, NewCustomer(email=ANA, name="Ana"), NOW - timedelta(days=9))


def told(store: Store, customer: Customer, at: Any = NOW) -> list[tuple[str, str | None]]:
    """What is told, oldest first."""
    events = sign_in_events.page(store, customer, at, 100).items
    return [(event.event, event.reason) for event in reversed(events)]


def test_a_sign_in_is_told_from_its_request_to_its_use(store: Store, ana: Customer, box: Mailbox) -> None:
    opened = by_link(store, box.link(store))
    assert told(store, opened.customer) == [("requested", None), ("sent", None), ("used", None)]
    newest = sign_in_events.page(store, ana, NOW).items[0]
    assert (newest.at, newest.device, newest.request_id) == (NOW, "Firefox on Windows", box.last.request_id)


def test_a_scanners_visit_is_told_and_uses_nothing_up(store: Store, ana: Customer, box: Mailbox) -> None:
    sent = box.link(store)
    for nonce in (None, "another"):
        with pytest.raises(BrowserMismatchError):
            by_link(store, sent, nonce=nonce)
    assert told(store, ana)[2:] == [("opened_elsewhere", "browser_mismatch")] * 2
    assert by_link(store, sent)


def test_a_visit_hears_how_the_link_is(store: Store, ana: Customer, box: Mailbox) -> None:
    def visit(sent: sign_ins.Sent, at: Any, **changes: Any) -> type[ClientelaError]:
        with pytest.raises(ClientelaError) as refused:
            by_link(store, sent, at, **({"nonce": None} | changes))
        return refused.type

    later = NOW + timedelta(minutes=2)
    first, second = box.link(store), box.link(store, at=later)
    assert visit(first, NOW, token=first.token + "x") is LinkUnknownError
    assert visit(first, NOW + timedelta(minutes=10)) is LinkExpiredError
    by_link(store, second, later)
    assert visit(second, later) is visit(first, later) is LinkUsedError
    reasons = [reason for event, reason in told(store, ana) if event == "opened_elsewhere"]
    assert sorted(map(str, reasons)) == ["link_expired", "link_used", "link_used"]


def test_refusals_are_told_with_their_reason(store: Store, ana: Customer, box: Mailbox) -> None:
    sent = box.link(store)
    with pytest.raises(CodeWrongError):
        by_code(store, sent, wrong(sent.code))
    by_link(store, sent)
    with pytest.raises(LinkUsedError):
        by_link(store, sent)
    assert sorted(told(store, ana)[2:]) == [("refused", "code_wrong"), ("refused", "link_used"), ("used", None)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "disabled"}, "account_disabled"),
        ({"email_status": "bounced"}, "address_bounced"),
        ({"email_status": "complained"}, "address_complained"),
    ],
)
def test_why_no_mail_went_out_is_told(
    store: Store, ana: Customer, box: Mailbox, changes: dict[str, str], reason: str
) -> None:
    customers.change(store, ana.id, lambda before: before.model_copy(update=changes), NOW)
    asked = link_sign_in.request_link(store, ANA, HERE, None, None, NOW)
    sign_in_mail.deliver(store, asked.request_id, NOW)
    assert told(store, ana) == [("requested", None), ("withheld", reason)]


def test_limits_are_told_once_with_how_often(store: Store, ana: Customer, box: Mailbox) -> None:
    at = NOW.replace(minute=1, second=0)
    for second in range(5):
        with suppress(TooManyRequestsError):
            link_sign_in.request_link(store, ANA, HERE, None, None, at + timedelta(seconds=second))
    events = {event.event: event for event in sign_in_events.page(store, ana, at).items}
    assert (events["limited"].reason, events["limited"].count) == ("links", 4)
    assert events["limited"].at == at + timedelta(seconds=1)


def test_what_is_told_ends_with_the_stores_retention(store: Store, ana: Customer, box: Mailbox) -> None:
    by_link(store, box.link(store))
    assert len(told(store, ana, NOW + timedelta(days=30, seconds=-1))) == 3
    assert told(store, ana, NOW + timedelta(days=30)) == []
    short = store_settings.change_settings(store.id, {"retention": {"sign_ins_days": 2}}, NOW)
    assert told(short, ana, NOW + timedelta(days=2)) == []
    items = table_items.everything()
    ttls = [int(item["ttl"]["N"]) for item in items if item["sk"]["S"].startswith("SIGN_IN#")]
    assert ttls == [int((NOW + timedelta(days=30)).timestamp())] * 3


def test_pages_are_newest_first_and_end(store: Store, ana: Customer, box: Mailbox) -> None:
    for number in range(4):
        box.link(store, at=NOW + timedelta(minutes=number))
    cursor, seen = None, list[Any]()
    for _ in range(10):
        page = sign_in_events.page(store, ana, NOW, 3, cursor)
        seen += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == 8
    assert seen == sorted(seen, key=lambda event: (event.at, event.event == "sent"), reverse=True)


def test_guesses_at_an_address_are_bounded_over_all_its_codes(store: Store, ana: Customer, box: Mailbox) -> None:
    most = sign_in_limits.GUESSES_OF_EMAIL[0].most
    wrongs, waits = 0, list[int | None]()
    for minute in range(most // 5 + 1):
        sent = box.link(store, at=NOW + timedelta(minutes=minute))
        for _ in range(5):
            try:
                by_code(store, sent, wrong(sent.code), NOW + timedelta(minutes=minute))
            except CodeWrongError:
                wrongs += 1
            except TooManyRequestsError as error:
                waits.append(error.retry_after)
    assert wrongs == most
    assert all(wait and 3000 < wait <= 3600 for wait in waits)
    assert waits
    # Who has the mail is not shut out by a stranger's guesses: by the link where it was asked for, by the code with it.
    late = NOW + timedelta(minutes=most // 5)
    other = link_sign_in.verify(store, link_sign_in.parse_proof(token=sent.token, code=sent.code), HERE, late)
    assert other.customer.id == ana.id
    assert ("limited", "codes") in told(store, ana)


def test_a_strangers_guesses_do_not_shut_out_the_asking_browser(store: Store, ana: Customer, box: Mailbox) -> None:
    mine = box.link(store)
    for minute in (1, 2, 3):
        theirs = box.link(store, at=NOW + timedelta(minutes=minute))
        for _ in range(5):
            with pytest.raises(ClientelaError):
                by_code(store, theirs, wrong(theirs.code), NOW + timedelta(minutes=minute))
    assert by_link(store, mine, NOW + timedelta(minutes=4))
