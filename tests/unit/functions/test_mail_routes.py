"""/mails: words, previews and tests over the API, and the test mail up to SES."""

from typing import Any

import orjson
import pytest
from tests.support.http_events import answered, http_event

import customers_api
from clientela import clock
from clientela.aws import sqs
from clientela.customers import store_settings
from clientela.mail import mail_delivery, mail_words
from clientela.notifications import mail_dispatch
from clientela.stores import api_keys, stores
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store
from clientela.table import limit_keys

ADDRESS = "office@shop.example.com"


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The messages of the mail queues."""
    messages: list[dict[str, Any]] = []
    monkeypatch.setattr(sqs, "send", lambda _, body, *__: messages.append(orjson.loads(body)))
    return messages


def call(store: Store, method: str, path: str, body: Any = None, scopes: Any = None, **headers: str) -> Any:
    key = api_keys.create(store.id, NewKey(name="office", **({"scopes": scopes} if scopes else {})), clock.now())
    event = http_event(method, f"demo/mails{path}", body, key=key.key)
    event["headers"] |= headers
    response = customers_api.handler(event, None)
    return (
        response["statusCode"],
        answered(response),
        response.get("headers", {}) | response.get("multiValueHeaders", {}),
    )


def test_words_are_changed_on_condition_of_their_version(store: Store) -> None:
    status, words, headers = call(store, "GET", "/welcome/es")
    assert (status, words["subject"], words["version"], headers["ETag"]) == (200, None, 0, '"0"')
    assert words["ours"]["subject"]
    assert "name" in words["placeholders"]
    status, changed, headers = call(store, "PATCH", "/welcome/es", {"subject": "Hola"}, **{"if-match": '"0"'})
    assert (status, changed["subject"], headers["ETag"]) == (200, "Hola", '"1"')
    assert call(store, "PATCH", "/welcome/es", {"subject": "Otra"}, **{"if-match": '"0"'})[0] == 412
    assert call(store, "PATCH", "/welcome/es", {"subject": None}, **{"if-match": '"1"'})[1]["subject"] is None


def test_every_mail_is_listed_with_ours_and_own(store: Store) -> None:
    call(store, "PATCH", "/welcome/es", {"subject": "Hola"})
    status, page, _ = call(store, "GET", "")
    own = [(each["mail"], each["language"]) for each in page["items"] if each["subject"]]
    assert (status, own) == (200, [("welcome", "es")])


def test_a_preview_shows_changes_that_are_not_stored(store: Store) -> None:
    body = {"words": {"subject": "Hola, {name}", "intro": "<b>Uno</b>\nDos"}}
    status, shown, _ = call(store, "POST", "/welcome/es/preview", body)
    assert (status, shown["subject"]) == (200, "Hola, Ana")
    assert "&lt;b&gt;Uno&lt;/b&gt;<br>Dos" in shown["html"]
    assert "<b>Uno</b>\nDos" in shown["text"]
    assert mail_words.get(store, "welcome", "es").version == 0
    status, problem, _ = call(store, "POST", "/welcome/es/preview", {"words": {"subject": "{nobody}"}})
    assert (status, problem["errors"][0]["pointer"]) == (422, "/subject")


def test_a_preview_shows_a_variant_in_any_language(store: Store) -> None:
    store_settings.change_settings(store.id, {"languages": ["es"], "storefront_url": None}, clock.now())
    status, shown, _ = call(store, "POST", "/import_result/de/preview", {"variant": "failed"})
    assert (status, '<html lang="de"' in shown["html"]) == (200, True)
    status, problem, _ = call(store, "POST", "/import_result/de/preview", {"variant": "removed"})
    assert (status, problem["errors"][0]["pointer"]) == (422, "/variant")
    assert "failed" in problem["errors"][0]["message"]


@pytest.mark.parametrize(("method", "rest"), [("GET", ""), ("PATCH", ""), ("POST", "/preview"), ("POST", "/test")])
def test_unknown_mails_and_languages_are_404(store: Store, method: str, rest: str) -> None:
    for path in ("/nothing/es", "/welcome/ja"):
        status, problem, _ = call(store, method, path + rest, {} if method != "GET" else None)
        assert (status, problem["code"]) == (404, "mail_not_found")


def test_scopes_are_those_of_settings(store: Store) -> None:
    assert call(store, "GET", "", scopes=["settings:read"])[0] == 200
    assert call(store, "PATCH", "/welcome/es", {"subject": "x"}, scopes=["settings:read"])[0] == 403
    assert call(store, "POST", "/welcome/es/test", scopes=["settings:read"])[0] == 403
    assert call(store, "GET", "/welcome/es", scopes=["customers:read"])[0] == 403


def test_a_test_goes_to_the_stores_own_address_and_nowhere_else(
    store: Store, queued: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, problem, _ = call(store, "POST", "/welcome/es/test")
    assert (status, problem["code"], queued) == (409, "test_mail_refused", [])
    store_settings.change_settings(store.id, {"notification_email": ADDRESS, "languages": ["en"]}, clock.now())
    call(store, "PATCH", "/welcome/es", {"subject": "Hola, {name}"})
    status, told, _ = call(store, "POST", "/welcome/es/test", {"email": "victim@example.com"})
    assert (status, told) == (202, {"email": ADDRESS, "mail": "welcome", "language": "es"})
    sent: list[dict[str, Any]] = []
    monkeypatch.setenv("SENDER_ADDRESS", "shop@mail.example.com")
    monkeypatch.setenv("EMAIL_CONFIGURATION_SET", "mails")
    monkeypatch.setattr(mail_delivery.clients, "ses", lambda: _Ses(sent))
    outcomes = [mail_dispatch.deliver(queued[0], clock.now()).outcome for _ in range(2)]
    assert outcomes == ["sent", "repeated"]
    assert [mail["Destination"]["ToAddresses"] for mail in sent] == [[ADDRESS]]
    assert sent[0]["Content"]["Simple"]["Subject"]["Data"] == "Hola, Ana"


def test_tests_are_limited(store: Store, queued: list[dict[str, Any]]) -> None:
    store_settings.change_settings(store.id, {"notification_email": ADDRESS}, clock.now())
    answers = [call(store, "POST", "/welcome/es/test")[0] for _ in range(11)]
    assert answers == [202] * 10 + [429]
    assert len(queued) == 10
    assert limit_keys.test_mails_of_store(store.id).startswith("demo#")


def test_a_test_of_a_store_without_an_address_meanwhile_is_withheld(store: Store, queued: list[dict[str, Any]]) -> None:
    store_settings.change_settings(store.id, {"notification_email": ADDRESS}, clock.now())
    call(store, "POST", "/welcome/es/test")
    store_settings.change_settings(store.id, {"notification_email": None}, clock.now())
    stores._cache.clear()
    assert mail_dispatch.deliver(queued[0], clock.now()).outcome == "withheld"


class _Ses:
    def __init__(self, sent: list[dict[str, Any]]) -> None:
        self._sent = sent

    def send_email(self, **request: Any) -> None:
        self._sent.append(request)
