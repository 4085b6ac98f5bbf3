"""Another e-mail for an account: proven at the new address, told to the old one, and undone from there."""

from collections import Counter
from datetime import timedelta

import pytest
from tests.support.email_changes import (
    ANA,
    NEW,
    SOON,
    THIEF,
    THIRD,
    asked,
    confirmed,
    latest_change,
    moved,
    notice,
    refused,
)
from tests.support.interleaving import after_first
from tests.support.sign_ins import HERE, NOW, Mailbox, by_link, wrong

from clientela.customers import customer_history, customers
from clientela.customers.customer_fields import NewCustomer
from clientela.email_changes import email_changes
from clientela.errors import ClientelaError, EmailTakenError, InvalidInputError, TooManyRequestsError
from clientela.notifications import account_notices, email_change_mail
from clientela.sign_in import link_sign_in, passwords, sessions, sign_in_limits
from clientela.sign_in.link_sign_in import SignedIn
from clientela.sign_in.sign_in_errors import (
    CodeLockedError,
    CodeWrongError,
    LinkExpiredError,
    LinkUnknownError,
    LinkUsedError,
    SessionInvalidError,
)
from clientela.sign_in.visitors import Visitor
from clientela.stores.stores import Store


def test_the_link_moves_the_account_and_ends_all_other_sessions(store: Store, box: Mailbox, opened: SignedIn) -> None:
    other = by_link(store, box.link(store, at=SOON), SOON)
    after = moved(store, box, opened, NEW, SOON)
    assert (after.email, after.email_status) == (NEW, "proven")
    assert sessions.current(store, opened.token, SOON)[1] == after
    with pytest.raises(SessionInvalidError):
        sessions.current(store, other.token, SOON)
    assert [each.id for each in sessions.list_active(store, after, SOON)] == [opened.session.id]
    assert customers.find(store, ANA, SOON) is None
    event = customer_history.at_version(store, after.id, after.version)[0]
    assert (event.type, event.actor.kind) == ("email_updated", "customer")
    assert [(change.before, change.after) for change in event.changes] == [(ANA, NEW)]
    assert notice(store, box, latest_change())[0] == ANA


def test_the_code_moves_it_too_and_five_wrong_ones_lock_it(store: Store, box: Mailbox, opened: SignedIn) -> None:
    request, token, code = asked(store, box, opened)
    for _ in range(4):
        refused(CodeWrongError, store, opened, request_id=request.request_id, code=wrong(code))
    assert confirmed(store, opened, request_id=request.request_id, code=code).email == NEW
    later = NOW + timedelta(minutes=2)
    request, token, code = asked(store, box, opened, THIRD, later)
    for _ in range(5):
        refused(CodeWrongError, store, opened, later, request_id=request.request_id, code=wrong(code))
    refused(CodeLockedError, store, opened, later, request_id=request.request_id, code=code)
    assert confirmed(store, opened, later, token=token).email == THIRD


def test_a_lost_answer_can_be_asked_for_again(store: Store, box: Mailbox, opened: SignedIn) -> None:
    _, token, _ = asked(store, box, opened)
    first = confirmed(store, opened, token=token)
    assert confirmed(store, opened, token=token) == first


def test_what_proves_nothing_changes_nothing(store: Store, box: Mailbox, opened: SignedIn) -> None:
    request, token, code = asked(store, box, opened)
    sign_in_token = box.link(store, at=SOON).token
    for strange in (token + "x", request.request_id, sign_in_token, "", f"emc_{token}"):
        refused(LinkUnknownError, store, opened, token=strange)
    with pytest.raises(ClientelaError):  # of another purpose
        link_sign_in.verify(store, link_sign_in.parse_proof(token=token, code=code), HERE, NOW)
    refused(LinkUnknownError, store, opened, request_id="emc_nowhere", code=code)
    refused(LinkExpiredError, store, opened, NOW + timedelta(minutes=10), token=token)
    assert customers.get(store, opened.customer.id).email == ANA
    assert confirmed(store, opened, NOW + timedelta(minutes=10, seconds=-1), token=token).email == NEW


def test_only_a_session_of_the_same_customer_confirms(store: Store, box: Mailbox, opened: SignedIn) -> None:
    _, token, _ = asked(store, box, opened)
    eve = by_link(store, box.link(store, "eve@example.com"))
    refused(LinkUnknownError, store, eve, token=token)


def test_a_request_of_before_another_change_is_void(store: Store, box: Mailbox, opened: SignedIn) -> None:
    _, token, _ = asked(store, box, opened)
    moved(store, box, opened, THIRD, SOON)
    refused(LinkUsedError, store, opened, SOON, token=token)


def test_an_address_that_has_an_account_is_told_there_alone(store: Store, box: Mailbox, opened: SignedIn) -> None:
    holder = customers.create(store, NewCustomer(email="Taken@example.com"), NOW)
    free = email_changes.request(store, opened.customer, NEW, None, HERE, NOW)
    taken = email_changes.request(store, opened.customer, "taken@example.com", None, HERE, NOW)
    assert [len(each) for each in map(str, vars(free).values())] == [
        len(each) for each in map(str, vars(taken).values())
    ]
    assert email_change_mail.deliver(store, opened.customer.id, taken.request_id, NOW) == "sent"
    assert (box.mails[-1][0], box.mails[-1][1].name) == (holder.email, "email_in_use")
    assert "code" not in box.mails[-1][1].context


def test_an_address_taken_meanwhile_is_a_conflict(store: Store, box: Mailbox, opened: SignedIn) -> None:
    _, token, _ = asked(store, box, opened)
    customers.create(store, NewCustomer(email=NEW), NOW)
    refused(EmailTakenError, store, opened, token=token)
    assert sessions.current(store, opened.token, NOW)


@pytest.mark.parametrize("email", ["ANA@example.com", "stanisław@example.com"])
def test_what_cannot_be_a_new_address_is_said_at_once(store: Store, opened: SignedIn, email: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        email_changes.request(store, opened.customer, email, None, HERE, NOW)
    assert refusal.value.fields[0].pointer == "/email"


def test_requests_are_limited_by_customer_and_by_address(store: Store, box: Mailbox, opened: SignedIn) -> None:
    def ask(email: str) -> None:
        email_changes.request(store, opened.customer, email, None, HERE, NOW)

    ask("a0@example.com")
    with pytest.raises(TooManyRequestsError):
        ask("A0@example.com")
    for number in range(1, 4):
        ask(f"a{number}@example.com")
    with pytest.raises(TooManyRequestsError):
        ask("a9@example.com")


def test_mail_is_sent_once_and_not_for_what_is_over(store: Store, box: Mailbox, opened: SignedIn) -> None:
    request = email_changes.request(store, opened.customer, NEW, None, HERE, NOW)
    assert email_change_mail.deliver(store, opened.customer.id, request.request_id, NOW) == "sent"
    assert email_change_mail.deliver(store, opened.customer.id, request.request_id, NOW) == "repeated"
    late = email_changes.request(store, opened.customer, THIRD, None, HERE, NOW)
    end = NOW + timedelta(minutes=10)
    assert email_change_mail.deliver(store, opened.customer.id, late.request_id, end) == "withheld"
    assert email_change_mail.deliver(store, opened.customer.id, "emc_nowhere", NOW) == "withheld"


def test_a_password_follows_its_owner_to_the_new_address(store: Store, box: Mailbox, opened: SignedIn) -> None:
    passwords.change(store, opened.customer, opened.session, "correct horse battery", NOW)
    moved(store, box, opened)
    record = passwords.find(store, opened.customer.id)
    assert record
    assert record.proven_email == NEW


def test_a_password_changed_before_the_email_is_told_to_the_address_of_then(
    store: Store, box: Mailbox, opened: SignedIn, queued: list[dict[str, str]]
) -> None:
    passwords.change(store, opened.customer, opened.session, "correct horse battery", NOW)
    moved(store, box, opened, THIEF)
    moved(store, box, opened, THIRD, SOON)
    assert account_notices.password_changed(store, **queued[0], now=SOON) == "sent"
    assert (box.mails[-1][0], box.mails[-1][1].name) == (ANA, "password_changed")


def test_guesses_at_one_address_are_bounded_over_a_day_whoever_asks(
    store: Store, box: Mailbox, opened: SignedIn
) -> None:
    customers.create(store, NewCustomer(email=THIEF), NOW)
    thief = by_link(store, box.link(store, THIEF))
    outcomes: Counter[str] = Counter()
    for half_hour in range(16):
        at, who = NOW + timedelta(minutes=30 * half_hour), (opened, thief)[half_hour % 2]
        request, token, code = asked(store, box, who, at=at)
        for _ in range(5):
            with pytest.raises(ClientelaError) as error:
                confirmed(store, who, at, request_id=request.request_id, code=wrong(code))
            outcomes[error.value.code] += 1
    assert outcomes == {"code_wrong": sign_in_limits.GUESSES_OF_EMAIL[-1].most, "too_many_requests": 50}
    assert confirmed(store, who, at, token=token).email == NEW  # the mail's reader is not shut out


def test_requests_of_a_network_are_bounded_together_with_its_sign_in_links(
    store: Store, box: Mailbox, opened: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    customers.create(store, NewCustomer(email=THIEF), NOW)
    thief = by_link(store, box.link(store, THIEF))
    monkeypatch.setattr(sign_in_limits, "links_of_network", lambda store: sign_in_limits.Rule(4, 3600))
    later = NOW + timedelta(days=1)

    def request(who: SignedIn, email: str, visitor: Visitor) -> str:
        try:
            email_changes.request(store, who.customer, email, None, visitor, later)
        except TooManyRequestsError:
            return "refused"
        return "sent"

    network = [Visitor(f"2001:db8:7:7::{number}") for number in range(6)]
    link_sign_in.request_link(store, "link@example.com", network[0], None, None, later)
    asked_for = [request((opened, thief)[n % 2], f"n{n}@example.org", network[n]) for n in range(1, 6)]
    assert asked_for == ["sent", "sent", "sent", "refused", "refused"]
    assert request(opened, "n9@example.org", Visitor("2001:db8:7:8::1")) == "sent"
    with pytest.raises(TooManyRequestsError):
        link_sign_in.request_link(store, "other@example.com", network[0], None, None, later)


def test_proofs_of_a_network_are_bounded(
    store: Store, box: Mailbox, opened: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = asked(store, box, opened)[1]
    monkeypatch.setattr(sign_in_limits, "tries_of_network", lambda store: sign_in_limits.Rule(5, 600))
    outcomes: Counter[str] = Counter()
    for _ in range(8):
        with pytest.raises(ClientelaError) as error:
            confirmed(store, opened, token=f"{token}x")
        outcomes[error.value.code] += 1
    assert outcomes["too_many_requests"] in (3, 4)  # the sign-in before may be in the same window


def test_a_change_that_was_reverted_is_not_made_again_by_a_slow_confirmation(
    store: Store, box: Mailbox, opened: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, token, _ = asked(store, box, opened)

    def confirmed_and_reverted() -> None:
        confirmed(store, opened, token=token)
        customers.patch(store, opened.customer.id, {"email": ANA}, NOW)

    after_first(monkeypatch, email_changes, "_get", confirmed_and_reverted)
    with pytest.raises(LinkUsedError):
        email_changes.confirm(store, opened.customer, opened.session, HERE, NOW, token=token)
    assert customers.get(store, opened.customer.id).email == ANA
