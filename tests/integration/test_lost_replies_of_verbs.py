"""Every verb with a guarded write: the reply of any of its writes is lost, the client repeats the call, the end is the same.

The names of the verbs are those of the table below. Orders and whole imports have tests of their own, with deaths too.
"""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from tests.support import sign_ins
from tests.support.lost_replies import replies_lost
from tests.support.removals import Waiting
from tests.support.sign_ins import NOW, by_code, by_link, wrong

from clientela.bulk import bulk_jobs
from clientela.bulk.bulk_fields import BulkChange
from clientela.csv.file_texts import FileNote
from clientela.customers import customer_history, customers, store_settings
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.customers.customer_filter import CustomerFilter
from clientela.errors import ClientelaError
from clientela.exports import export_jobs, export_runs
from clientela.groups import groups
from clientela.groups.groups import Group, NewGroup
from clientela.imports import import_jobs, import_load
from clientela.imports.chunk_results import ChunkResult
from clientela.imports.import_files import Source
from clientela.imports.import_jobs import Counts, ImportJob, ImportRecord
from clientela.imports.import_load import ChunkRecord
from clientela.lifecycle import customer_removal, erasures, merges, removal_queue
from clientela.mail import mail_delivery
from clientela.mail.mail_rendering import MailContent
from clientela.schema.actors import OPERATOR
from clientela.sign_in import link_requests, passwords, sessions
from clientela.sign_in.link_sign_in import SignedIn
from clientela.stores import api_keys, audit_trail, key_changes, stores
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store
from clientela.table import circuit_breakers, idempotency, job_keys, keys, rate_limits
from clientela.table.circuit_breakers import CircuitOpenError, CircuitRecord
from clientela.table.idempotency import Answer, RequestKey
from clientela.table.rate_limits import Rule

KEY = NewKey(name="till")
DISABLED = BulkChange(status="disabled")
LATER = NOW + timedelta(hours=2)


class Verb(NamedTuple):
    """What a verb finds, what it does, and what the store shows afterwards."""

    arrange: Callable[[Store], Any]
    act: Callable[[Store, Any], Any]
    end: Callable[[Store, Any, Any], Any]


def ana(store: Store) -> Customer:
    return customers.create(store, NewCustomer(email="ana@example.com", name="Ana"), NOW)


def pair(store: Store) -> tuple[Customer, Customer]:
    return ana(store), customers.create(store, NewCustomer(email="ben@example.com", company="Ben Ltd"), NOW)


def trade(store: Store) -> Group:
    return groups.create(store, NewGroup(name="Trade", code="trade"), NOW)


def shown(store: Store, customer_id: str) -> Any:
    """Return what the store shows of a customer, and how many entries its history has."""
    try:
        customer = customers.get(store, customer_id)
    except ClientelaError as error:
        return error.code
    untold = {"id", "created_at", "updated_at", "marketing_consent"}
    return customer.model_dump(exclude=untold), len(customer_history.page(store, customer, NOW).items)


def trail(store: Store) -> list[str]:
    return [entry.action for entry in audit_trail.page(store, LATER, limit=100).items]


def valid_secrets(store: Store, *secrets: str) -> list[bool]:
    found = []
    for secret in secrets:
        api_keys._cache.clear()
        try:
            found.append(bool(api_keys.authenticate(store.id, secret, NOW)))
        except ClientelaError:
            found.append(False)
    return found


def job(store: Store) -> ImportRecord:
    source = Source(bucket="b", key=f"{store.id}/a.csv", etag="1")
    made = ImportJob(id="imp_1", status="received", file="a.csv", started_at=NOW)
    return import_jobs.register(store, made, source)


def chunk_done(store: Store, record: ImportRecord) -> None:
    place = job_keys.import_chunks(store.id, "imp_1"), job_keys.import_chunk(0)
    progress = ChunkRecord.find(*place) or ChunkRecord(*place, ttl=1)
    import_load._mark_done(record, progress, ChunkResult(counts=Counts(created=3), rejects=[], warnings=[]))


def signed_in(store: Store) -> SignedIn:
    return by_link(store, BOX.link(store))


def typed(store: Store, wrong_ones: int) -> Any:
    """A code after wrong ones: the last of five tries may be the right one."""
    sent = BOX.link(store)
    for _ in range(wrong_ones):
        typed_wrong(store, sent)
    return sent


def typed_wrong(store: Store, sent: Any) -> None:
    with pytest.raises(ClientelaError):
        by_code(store, sent, wrong(sent.code))


def opened(store: Store, *_: object) -> int:
    customer = customers.find(store, sign_ins.ANA, NOW)
    return len(sessions.list_active(store, customer, NOW)) if customer else 0


def open_circuit(store: Store) -> str:
    name = f"{store.id}"
    for _ in range(circuit_breakers.FAILURES):
        with pytest.raises(ZeroDivisionError), circuit_breakers.guarded(name, NOW, ZeroDivisionError):
            raise ZeroDivisionError
    return name


def probed(store: Store, name: str) -> bool:
    try:
        with circuit_breakers.guarded(name, LATER):
            return True
    except CircuitOpenError:
        return False


def failed_once(store: Store, _: None) -> Any:
    with pytest.raises(ZeroDivisionError), circuit_breakers.guarded(store.id, NOW, ZeroDivisionError):
        raise ZeroDivisionError
    found = CircuitRecord.find(keys.circuit(store.id), keys.STATE)
    return found and int(found.failures)


def mail(store: Store) -> mail_delivery.Outgoing:
    return mail_delivery.Outgoing("ana@example.com", "en", MailContent("approved", {}))


BOX = sign_ins.Mailbox()

VERBS = {
    "settings change": Verb(
        lambda store: None,
        lambda store, _: store_settings.change_settings(store.id, {"name": "Shop"}, NOW, version=1),
        lambda store, _, done: (done.name, done.version, stores.read(store.id).version, trail(store)),
    ),
    "sender allowed": Verb(
        lambda store: None,
        lambda store, _: stores.allow_sender(store.id, "shop@example.com", NOW),
        lambda store, _, done: (done.allowed_senders, done.version, trail(store)),
    ),
    "key created": Verb(
        lambda store: None,
        lambda store, _: api_keys.create(store.id, KEY, NOW),
        lambda store, _, done: (valid_secrets(store, done.key), len(api_keys.list_all(store.id)), trail(store)),
    ),
    "key changed": Verb(
        lambda store: api_keys.create(store.id, KEY, NOW),
        lambda store, key: key_changes.patch(store.id, key.id, {"name": "desk"}, NOW),
        lambda store, key, done: (done.name, api_keys.get_record(store.id, key.id).version, trail(store)),
    ),
    "key rotated": Verb(
        lambda store: api_keys.create(store.id, KEY, NOW),
        lambda store, key: key_changes.rotate(store.id, key.id, NOW),
        lambda store, key, done: (valid_secrets(store, key.key, done.key), trail(store)),
    ),
    "key revoked": Verb(
        lambda store: api_keys.create(store.id, KEY, NOW),
        lambda store, key: key_changes.revoke(store.id, key.id, NOW),
        lambda store, key, _: (valid_secrets(store, key.key), trail(store)),
    ),
    "key used": Verb(
        lambda store: api_keys.create(store.id, KEY, NOW),
        lambda store, key: api_keys.authenticate(store.id, key.key, NOW),
        lambda store, key, _: bool(api_keys.get_record(store.id, key.id).last_used_at),
    ),
    "group created": Verb(
        lambda store: None,
        lambda store, _: trade(store),
        lambda store, _, done: ([each.code for each in groups.list_all(store)], done.version, trail(store)),
    ),
    "group changed": Verb(
        trade,
        lambda store, group: groups.patch(store, group.id, {"code": "vip"}, NOW, 1),
        lambda store, group, done: (done.code, groups.get(store, group.id).version, trail(store)),
    ),
    "group deleted": Verb(
        trade,
        lambda store, group: groups.delete(store, group.id, NOW),
        lambda store, group, _: (groups.list_all(store), trail(store)),
    ),
    "customer created": Verb(
        lambda store: None, lambda store, _: ana(store), lambda store, _, done: shown(store, done.id)
    ),
    "customer changed": Verb(
        ana,
        lambda store, each: customers.patch(store, each.id, {"email": "new@example.com"}, NOW, 1),
        lambda store, each, done: (done.version, shown(store, each.id)),
    ),
    "customer deleted": Verb(
        ana,
        lambda store, each: customer_removal.remove(store, each.id, NOW, OPERATOR),
        lambda store, each, _: (shown(store, each.id), trail(store)),
    ),
    "customer erased": Verb(
        ana,
        lambda store, each: customer_removal.erase(store, each.id, NOW, OPERATOR, lambda: False),
        lambda store, each, done: (
            shown(store, each.id),
            done.status,
            done.deleted,
            len(erasures.list_all(store).items),
            trail(store),
        ),
    ),
    "customers merged": Verb(
        pair,
        lambda store, both: merges.merge(store, both[0].id, both[1].id, NOW, OPERATOR, lambda: False),
        lambda store, both, done: (shown(store, both[0].id), shown(store, both[1].id), done.changes, trail(store)),
    ),
    "bulk change": Verb(
        ana,
        lambda store, each: bulk_jobs.change(store, [each.id], DISABLED, NOW, OPERATOR),
        lambda store, each, done: (done[0].result, shown(store, each.id), trail(store)),
    ),
    "bulk job": Verb(
        lambda store: (ana(store), bulk_jobs.start(store, CustomerFilter(type="registered"), DISABLED, NOW, OPERATOR)),
        lambda store, made: bulk_jobs.run(store, made[1].id, lambda: NOW, lambda: False),
        lambda store, made, done: (done.status, done.changed, done.failed, shown(store, made[0].id)),
    ),
    "export started": Verb(
        lambda store: None,
        lambda store, _: export_jobs.start(store, NOW),
        lambda store, _, done: (done.status, len(export_jobs.list_all(store).items), trail(store)),
    ),
    "export run": Verb(
        lambda store: (ana(store), export_jobs.start(store, NOW))[1],
        lambda store, made: export_runs.run(store, made.id, NOW, "call"),
        lambda store, made, done: (done.status, done.rows, export_jobs.get(store, made.id).status),
    ),
    "import registered": Verb(
        lambda store: None,
        lambda store, _: job(store),
        lambda store, _, done: (done.status, len(import_jobs.list_all(store).items), trail(store)),
    ),
    "import ended": Verb(
        job,
        lambda store, record: import_jobs.end(record, "failed", Counts(rejected=2), NOW, FileNote("file_deleted")),
        lambda store, record, done: (done.status, import_jobs.get(store, "imp_1").rejected),
    ),
    "chunk done": Verb(job, chunk_done, lambda store, record, _: import_jobs.get(store, "imp_1").created),
    "request begun": Verb(
        lambda store: None,
        lambda store, _: idempotency.begin(RequestKey(store.id, "key_1", "k"), "POST", NOW),
        lambda store, _, done: done,
    ),
    "request finished": Verb(
        lambda store: idempotency.begin(RequestKey(store.id, "key_1", "k"), "POST", NOW),
        lambda store, _: idempotency.finish(RequestKey(store.id, "key_1", "k"), "POST", Answer(201, {}, "{}"), NOW),
        lambda store, _, done: idempotency.begin(RequestKey(store.id, "key_1", "k"), "POST", NOW),
    ),
    "link sent": Verb(lambda store: None, lambda store, _: BOX.link(store), lambda store, _, done: len(done.code)),
    "sign-in by link": Verb(lambda store: BOX.link(store), by_link, opened),
    "sign-in by the last try of a code": Verb(
        lambda store: typed(store, 4), lambda store, sent: by_code(store, sent, sent.code), opened
    ),
    "wrong code": Verb(
        lambda store: typed(store, 0),
        typed_wrong,
        lambda store, sent, _: int(link_requests.find(store, sent.request.request_id).tries),  # type: ignore[union-attr]
    ),
    "sign-out": Verb(
        signed_in,
        lambda store, done: sessions.end(store, done.customer.id, done.session.id),
        opened,
    ),
    "session used": Verb(
        signed_in,
        lambda store, done: sessions.current(store, done.token, LATER)[0].last_seen_at,
        lambda store, _, seen: seen == LATER,
    ),
    "password set": Verb(
        signed_in,
        lambda store, done: passwords.change(store, done.customer, done.session, "correct horse battery", NOW),
        lambda store, done, _: passwords.find(store, done.customer.id) is not None,
    ),
    "circuit probed": Verb(open_circuit, probed, lambda store, _, done: done),
    "failure counted": Verb(lambda store: None, failed_once, lambda store, _, done: done),
    "mail sent": Verb(
        lambda store: keys.customer(store.id, ana(store).id),
        lambda store, about: mail_delivery.send_once(store, about, "welcome", LATER, NOW, lambda: mail(store)),
        lambda store, about, done: done,
    ),
    "limit reached": Verb(
        lambda store: rate_limits.fixed_window(store.id, Rule(2, 60), NOW),
        lambda store, _: rate_limits.fixed_window(store.id, Rule(2, 60), NOW),
        lambda store, _, done: done,
    ),
}


@pytest.fixture(autouse=True)
def surroundings(deployed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    BOX.mails.clear()
    monkeypatch.setattr("clientela.mail.mail_delivery._send", BOX.take)
    monkeypatch.setattr("clientela.table.rate_limits.ATTEMPTS", 12)
    monkeypatch.setattr("clientela.clock.pause", lambda seconds: None)
    monkeypatch.setattr(removal_queue, "put_message", Waiting().put)
    monkeypatch.setattr(bulk_jobs, "_call_function", lambda *made: None)


def a_store() -> Store:
    settings = stores.StoreSettings(
        name="Demo", login_mode="optional", storefront_url="https://shop.example.com", password_sign_in=True
    )
    return stores.create(f"lost-{uuid.uuid4().hex[:12]}", settings, NOW - timedelta(days=1))


def ends(verb: Verb, *lost: int) -> tuple[Any, int]:
    """Return what the store shows after the verb, and how many writes it sent."""
    store = a_store()
    found = verb.arrange(store)
    with replies_lost(*lost) as sent:
        done = verb.act(store, found)
    return verb.end(store, found, done), len(sent)


@pytest.mark.parametrize("name", VERBS)
def test_whichever_reply_is_lost_the_end_is_the_same(name: str) -> None:
    verb = VERBS[name]
    plain, writes = ends(verb)
    assert writes
    for number in range(writes):
        end, sent = ends(verb, number)
        assert end == plain, f"write {number}"
        assert sent > writes
