"""The keys of rate limits, and the names of the limits in them, built only here."""

LINKS_A_DAY = "links-a-day"  # the limit of all stores' mails with a link or code in a day

TIMES = "TIMES"


def limit(name: str) -> str:
    """`LIMIT#demo#links#3f5a…`: a rate limit's counters."""
    return f"LIMIT#{name}"


def links_of_network(store_id: str, network_hash: str) -> str:
    """`demo#network-links#9c1b…`: the limit of a network's requests for links in a store."""
    return f"{store_id}#network-links#{network_hash}"


def links_of_email(store_id: str, email_hash: str) -> str:
    """`demo#links#3f5a…`: the limit of an e-mail in its store."""
    return f"{store_id}#links#{email_hash}"


def links_of_store(store_id: str) -> str:
    """`demo#links`: the limit of a whole store."""
    return f"{store_id}#links"


def links_of_store_a_day(store_id: str) -> str:
    """`demo#links-a-day`: the limit of a store's mails with a link or code in a day."""
    return f"{store_id}#links-a-day"


def bulk_mails_of_store_a_day(store_id: str) -> str:
    """`demo#bulk-mails-a-day`: the limit of a store's bulk mails in a day."""
    return f"{store_id}#bulk-mails-a-day"


def test_mails_of_store(store_id: str) -> str:
    """`demo#test-mails`: the limit of a store's test mails."""
    return f"{store_id}#test-mails"


def email_changes_of_customer(store_id: str, customer_hash: str) -> str:
    """`demo#email-changes#3f5a…`: the limit of a customer's requests to change the e-mail."""
    return f"{store_id}#email-changes#{customer_hash}"


def device_notices_of_customer(store_id: str, customer_hash: str) -> str:
    """`demo#devices#3f5a…`: the limit of the notices of new devices to a customer."""
    return f"{store_id}#devices#{customer_hash}"


def tries_of_network(store_id: str, network_hash: str) -> str:
    """`demo#network-tries#9c1b…`: the limit of a network's attempts to sign in to a store."""
    return f"{store_id}#network-tries#{network_hash}"


def guesses_of_email(store_id: str, email_hash: str) -> str:
    """`demo#guesses#3f5a…`: the limit of guesses at the codes and the password of an e-mail."""
    return f"{store_id}#guesses#{email_hash}"


def guesses_of_store(store_id: str) -> str:
    """`demo#guesses`: the limit of guesses at a whole store."""
    return f"{store_id}#guesses"


def window(start: int) -> str:
    """`WINDOW#1763719200`: a limit's counter, by the second at which its window begins."""
    return f"WINDOW#{start}"
