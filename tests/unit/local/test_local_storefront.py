"""The demo's storefront: pages to which the links in its mails lead."""

import urllib.error
import urllib.request

import pytest
from local import storefront_server

from clientela.stores.stores import StoreSettings

API = "http://127.0.0.1:4566"


def test_links_of_the_demo_lead_to_a_page_that_opens() -> None:
    with storefront_server.storefront_server(API) as url:
        assert url.startswith("http://localhost:")
        with urllib.request.urlopen(f"{url}/account?from=mail") as answer:
            page = answer.read().decode()
        with urllib.request.urlopen(url) as answer:
            assert 'href="/account"' in answer.read().decode()
        with pytest.raises(urllib.error.HTTPError) as other:
            urllib.request.urlopen(f"{url}/other")
        other.value.close()
        assert other.value.code == 404
    assert f'src="{API}/v1/stores/chinook/sign-in/script.js"' in page
    assert f"{API}/v1/stores/chinook/account/orders" in page
    assert "api.example.com" not in page
    assert page.count("</main>") == 1


def test_the_demo_may_name_the_storefront_as_its_own() -> None:
    with storefront_server.storefront_server(API) as url:
        assert StoreSettings(name="Chinook", storefront_url=url).storefront_url == url
