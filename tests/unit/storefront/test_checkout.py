"""Data for checkout: the prefilled account, the rules for ordering, and the groups' stylesheet."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from benchmarks.traffic import record_traffic
from tests.support.http_events import http_event

import storefront_api
from clientela import clock
from clientela.customers import customers, store_settings, tax_exemptions
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.errors import InvalidInputError
from clientela.groups import groups
from clientela.groups.groups import NewGroup
from clientela.sign_in import sessions
from clientela.storefront import checkout, checkout_policy
from clientela.stores.stores import Store
from clientela.table.transactions import Transaction

NOW = clock.now()
DAY = timedelta(days=1)


def call(method: str, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
    answer = storefront_api.handler(http_event(method, f"demo{path}", body, **more), None)
    is_json = "json" in answer["headers"].get("Content-Type", "")
    return answer | {"json": json.loads(answer["body"]) if answer["body"] and is_json else None}


def group(store: Store, code: str, **fields: Any) -> str:
    return groups.create(store, NewGroup.model_validate({"name": code.title(), "code": code} | fields), NOW).id


def customer(store: Store, **fields: Any) -> Customer:
    return customers.create(store, NewCustomer.model_validate({"email": "ana@example.com"} | fields), NOW)


def signed_in(store: Store, known: Customer) -> dict[str, str]:
    with Transaction() as write:
        token, _ = sessions.start(write, store, known, None, NOW)
    return {"authorization": f"Bearer {token}"}


def percent(value: int) -> dict[str, Any]:
    return {"kind": "percent", "value": value}


def test_checkout_is_prefilled_in_one_read_more_than_the_session(store: Store) -> None:
    trade = group(store, "trade", discount=percent(5), css=".trade{color:red}", priority=9)
    vip = group(store, "vip", discount=percent(20), css=".vip{color:blue}")
    past = group(store, "past", discount=percent(90), valid_until=clock.format_timestamp(NOW - DAY))
    address = {"street": "Gran Vía 1", "city": "Madrid", "country": "ES"}
    ana = customer(
        store,
        groups=[trade, vip, past],
        primary_group=vip,
        vat_id="ESB12345674",
        tax_exempt=True,
        tax_exemption={"reason": "resale", "jurisdiction": "ES"},
        shipping_addresses=[address],
        name="Ana",
        note="late payer",
    )
    headers = signed_in(store, ana)
    call("GET", "/account", headers=headers)  # reads the store, which is then at hand
    with record_traffic() as traffic:
        answer = call("GET", "/account/checkout", headers=headers)
    prefilled = answer["json"]
    assert [operation for operation, _ in traffic.requests] == ["GetItem", "GetItem", "BatchGetItem"]
    assert [each["code"] for each in prefilled["groups"]] == ["vip", "trade"]
    assert prefilled["discount"] == {"kind": "percent", "value": "20", "currency": None}
    assert prefilled["css_classes"] == ["clientela-group-vip", "clientela-group-trade"]
    assert (prefilled["vat_id"], prefilled["vat_id_status"]) == ("ESB12345674", "pending")
    assert (prefilled["tax_exempt"], prefilled["tax_exemption"]["jurisdiction"]) == (True, "ES")
    assert prefilled["shipping_addresses"][0]["city"] == "Madrid"
    assert (prefilled["may_order"], prefilled["refusal"]) == (True, None)
    assert "late payer" not in answer["body"]
    path, _, query = prefilled["stylesheet"].partition("?groups=")
    sheet = call("GET", path.removeprefix("/v1/stores/demo"), groups=query)
    assert sheet["body"] == ".trade{color:red}\n.vip{color:blue}\n"


@pytest.mark.parametrize(
    ("flag", "expires_on", "moment", "exempt"),
    [
        (True, None, "2026-11-24T12:00", True),
        (True, "2026-11-24", "2026-11-24T23:59", True),
        (True, "2026-11-24", "2026-11-25T00:00", False),
        (False, "2026-11-24", "2026-11-24T12:00", False),
    ],
)
def test_an_exemption_is_in_force_to_the_end_of_its_last_day(
    store: Store, monkeypatch: pytest.MonkeyPatch, flag: bool, expires_on: str | None, moment: str, exempt: bool
) -> None:
    monkeypatch.setattr(tax_exemptions, "today", lambda: datetime.fromisoformat(moment).date())
    ana = customer(store, tax_exempt=flag, tax_exemption={"reason": "resale", "expires_on": expires_on})
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    prefilled = checkout.prefill(store, ana, now)
    assert (prefilled.tax_exempt, prefilled.tax_exemption is not None) == (exempt, exempt)


def test_the_first_group_with_a_discount_for_the_stores_currency_gives_it(store: Store) -> None:
    ids = [
        group(store, "none", priority=4),
        group(store, "euro", priority=3, discount={"kind": "fixed", "value": 9, "currency": "EUR"}),
        group(store, "dollar", priority=2, discount={"kind": "fixed", "value": 3, "currency": "USD"}),
        group(store, "half", priority=1, discount=percent(50)),
    ]
    prefilled = checkout.prefill(store, customer(store, groups=ids), NOW)
    assert [each.code for each in prefilled.groups] == ["none", "euro", "dollar", "half"]
    assert prefilled.discount
    assert prefilled.discount.value == 3


def test_a_group_holds_from_its_first_moment_until_before_its_last(store: Store) -> None:
    fields = {"valid_from": clock.format_timestamp(NOW), "valid_until": clock.format_timestamp(NOW + DAY)}
    ana = customer(store, groups=[group(store, "day", **fields)])
    ticks = [NOW - timedelta(milliseconds=1), NOW, NOW + DAY - timedelta(milliseconds=1), NOW + DAY]
    assert [len(checkout.prefill(store, ana, tick).groups) for tick in ticks] == [0, 1, 1, 0]


def test_policy_is_the_same_bytes_and_the_same_calls_whoever_the_email_is(store: Store) -> None:
    customer(store)
    for name, status in (("off", "disabled"), ("new", "pending")):
        customer(store, email=f"{name}@example.com", status=status)
    emails = ["ana@example.com", "off@example.com", "new@example.com", "nobody@example.com"]
    seen = set()
    call("POST", "/checkout-policy", {})  # reads the store, which is then at hand
    for email in emails:
        with record_traffic() as traffic:
            answer = call("POST", "/checkout-policy", {"email": email, "country": "ES"})
        assert traffic.requests == []
        seen.add((answer["statusCode"], answer["body"], json.dumps(answer["headers"], sort_keys=True)))
    assert len(seen) == 1
    assert call("POST", "/checkout-policy", {"email": "no address"})["statusCode"] == 422


@pytest.mark.parametrize(
    ("settings", "country", "expected"),
    [
        ({"login_mode": "disabled"}, None, ("guest_allowed", True, "none", "none")),
        ({"login_mode": "optional"}, "ES", ("guest_allowed", True, "offered", "automatic")),
        ({"login_mode": "optional"}, "DE", ("guest_allowed", True, "offered", "on_request")),
        ({"login_mode": "optional", "approve_new_accounts": True}, "ES", ("approval_needed", False, "needed", "none")),
        ({"login_mode": "required"}, "ES", ("sign_in_needed", False, "needed", "none")),
        ({"login_mode": "required", "approve_new_accounts": True}, "DE", ("sign_in_needed", False, "needed", "none")),
    ],
)
def test_policy_follows_mode_approval_and_country(store: Store, settings: Any, country: Any, expected: Any) -> None:
    rules = {"country_rules": {"no_automatic_account": ["DE"]}}
    policy = checkout_policy.answer(store_settings.change_settings("demo", settings | rules, NOW), country)
    assert (policy.policy, policy.guest_allowed, policy.sign_in, policy.account) == expected


def test_sessions_sleep_while_the_store_has_no_accounts(store: Store) -> None:
    headers = signed_in(store, customer(store))
    store_settings.change_settings("demo", {"login_mode": "disabled"}, NOW)
    assert call("GET", "/account/checkout", headers=headers)["statusCode"] == 401
    store_settings.change_settings("demo", {"login_mode": "optional"}, NOW)
    assert call("GET", "/account/checkout", headers=headers)["statusCode"] == 200


def test_stylesheet_is_public_kept_and_asked_after_by_its_tag(store: Store) -> None:
    group(store, "trade", css=".trade{color:red}")
    query = {"groups": "trade,unknown,,GROUP!,trade," + "x" * 1500}
    answer = call("GET", "/storefront.css", **query)
    assert (answer["statusCode"], answer["body"]) == (200, ".trade{color:red}\n")
    headers = answer["headers"]
    assert headers["Content-Type"] == "text/css; charset=utf-8"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "public, max-age=300"
    for known in (headers["ETag"], f'"other", W/{headers["ETag"]}', "*"):
        again = call("GET", "/storefront.css", **query, headers={"if-none-match": known})
        assert (again["statusCode"], again["body"], again["headers"]["ETag"]) == (304, "", headers["ETag"])
    looked = call("HEAD", "/storefront.css", **query)
    assert (looked["statusCode"], looked["body"], looked["headers"]["ETag"]) == (200, "", headers["ETag"])
    assert call("GET", "/storefront.css", **query, headers={"if-none-match": '"other"'})["statusCode"] == 200
    assert call("GET", "/storefront.css")["body"] == ""
    assert call("GET", "/storefront.css", group="trade")["headers"]["Cache-Control"] == "no-store"


def test_stylesheet_is_kept_no_longer_than_its_groups_hold(store: Store) -> None:
    group(store, "soon", css=".soon{}", valid_from=clock.format_timestamp(clock.now() + timedelta(seconds=40)))
    group(store, "over", css=".over{}", valid_until=clock.format_timestamp(NOW - DAY))
    answer = call("GET", "/storefront.css", groups="soon,over")
    assert answer["body"] == ""
    assert 30 <= int(answer["headers"]["Cache-Control"].removeprefix("public, max-age=")) <= 40


HOSTILE = [
    "</style><script>", "<!-- x", "a{b:c", "a{b:'c", "/* a", "}", "a{} b", "@import 'x';", "@\\69mport 'x';", "a{@import 'x';}",
    "@charset 'x';", "a{b:url(https://evil.example/x)}", "a{b:url('https://evil.example/x')}", "a{b:\\75rl('//evil.example')}",
    "a{--x:url(https://evil.example)}", "a{b:image-set('https://evil.example' 1x)}", "a{b:src(var(--x))}", "a{b:url(a b)}",
    "@media print{a{b:url(//evil.example)}}", "a{b:url(https://shop.example.com.evil.example/x)}", "a{b:url()}",
    "a{b:url(x.png)}", "a{b:url(data:text/html,x)}",
]  # fmt: skip
HARMLESS = [
    ".a > .b:not(.c)::before { content: '<3'; width: calc(1px + 2em) }", "@media (400px <= width <= 700px) { a { b: c } }",
    "@keyframes x { from { top: 0 } to { top: 1px } }", "a{b:url(data:image/png;base64,AAAA)}", "/* words */",
    "a{background:url('https://shop.example.com/x.png')}", "a{--x: {;}; color: red} @layer base;",
]  # fmt: skip


@pytest.mark.parametrize("css", HOSTILE)
def test_css_that_breaks_out_or_loads_from_elsewhere_is_refused(store: Store, css: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        group(store, "trade", css=css)
    assert [field.pointer for field in refused.value.fields] == ["/css"]
    harmless = group(store, "trade")
    with pytest.raises(InvalidInputError):
        groups.patch(store, harmless, {"css": css}, NOW)


def test_css_that_styles_is_taken(store: Store) -> None:
    for number, css in enumerate(HARMLESS):
        group(store, f"g{number}", css=css)
    sheet = call("GET", "/storefront.css", groups=",".join(f"g{n}" for n in range(len(HARMLESS))))["body"]
    served = [css.replace("} @", "}\n@") for css in reversed(HARMLESS) if not css.startswith("/*")]
    assert sheet == "".join(f"{css}\n" for css in served).replace("'", '"')
