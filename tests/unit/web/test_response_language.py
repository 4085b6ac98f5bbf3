"""The language of refusals: the caller's, else the store's; codes and pointers stay."""

from typing import Any

import pytest
from tests.support.http_events import answered, http_event

import customers_api
import storefront_api
from clientela import clock
from clientela.customers import store_settings
from clientela.stores import api_keys, stores
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store


def refused(store: Store, header: str | None, body: Any = None) -> tuple[dict[str, str], Any]:
    event = http_event("POST", f"{store.id}/login-links", body or {"email": "ana"})
    if header is not None:
        event["headers"]["accept-language"] = header
    response = storefront_api.handler(event, None)
    return response["headers"], answered(response)


@pytest.mark.parametrize(
    ("header", "language", "title"),
    [
        (None, "en", "Invalid request"),
        ("de-CH, fr;q=0.9", "de", "Ungültige Anfrage"),
        ("nl, pt-BR;q=0.8, es;q=0.9", "es", "Solicitud no válida"),
        ("de_DE_formal", "de", "Ungültige Anfrage"),
        ("en;q=0.5, ES ; Q=0.9", "es", "Solicitud no válida"),
        ("zh", "en", "Invalid request"),
        ("*", "en", "Invalid request"),
        (";;,q=x", "en", "Invalid request"),
    ],
)
def test_a_refusal_is_in_the_first_known_language(store: Store, header: str, language: str, title: str) -> None:
    headers, problem = refused(store, header)
    assert (headers["Content-Language"], problem["title"]) == (language, title)
    assert (problem["code"], [error["pointer"] for error in problem["errors"]]) == ("invalid_input", ["/email"])


def test_without_a_header_it_is_the_stores_language(store: Store) -> None:
    store_settings.change_settings(store.id, {"language": "fr-CA"}, clock.now())
    stores._cache.clear()
    headers, problem = refused(store, None)
    assert headers["Content-Language"] == "fr"
    assert [error["message"] for error in problem["errors"]] == [
        "Utilisez une adresse e-mail telle que ana@example.com."
    ]
    assert refused(store, "en")[1]["errors"][0]["message"] == "Use an e-mail address such as ana@example.com."


def test_values_stay_in_every_language(store: Store) -> None:
    key = api_keys.create(store.id, NewKey(name="k"), clock.now()).key
    event = http_event("GET", f"{store.id}/customers/cus_nobody", key=key, headers={"accept-language": "it"})
    problem = answered(customers_api.handler(event, None))
    assert problem["detail"] == "Il cliente «cus_nobody» non è stato trovato."
    assert (problem["code"], problem["type"]) == ("customer_not_found", "urn:clientela:problem:customer_not_found")


def test_the_language_of_one_request_is_not_that_of_the_next(store: Store) -> None:
    assert refused(store, "de")[0]["Content-Language"] == "de"
    unknown = storefront_api.handler(http_event("POST", "nobody/login-links", {}), None)
    assert (unknown["headers"]["Content-Language"], answered(unknown)["title"]) == ("en", "Store not found")
