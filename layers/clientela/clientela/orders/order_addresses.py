"""The addresses that orders add to their customer's address book: few, and apart from the owner's.

They follow the addresses that the owner or the merchant wrote, newest first, and one of them is the
default only if there are no others.
"""

from collections.abc import Collection, Iterator
from functools import partial

from clientela.customers.addresses import MAX_ADDRESSES, ShippingAddress, address_content, new_id
from clientela.customers.customer_fields import Customer
from clientela.orders import order_offers
from clientela.orders.order_offers import Offer, Refill
from clientela.table import keys

MAX_FROM_ORDERS = 10  # of a book; the newest remain

type _Book = dict[str, tuple[str, ShippingAddress]]  # content → sort key of its newest order, and the address


def book(refill: Refill, places: dict[str, str]) -> list[ShippingAddress]:
    """Return the address book after an order, and update the places of its addresses."""
    customer, offer = refill.customer, refill.offer
    own = [address for address in customer.shipping_addresses if address.id not in places]
    old: _Book = {
        address_content(address): (places[str(address.id)], address)
        for address in customer.shipping_addresses
        if address.id in places
    }
    is_taken = partial(_is_taken, customer, {address_content(address) for address in own}, old.keys())
    limit, filled = min(MAX_FROM_ORDERS, MAX_ADDRESSES - len(own)), dict(old)
    lost = {content for content, (key, _) in old.items() if keys.order_id(key) == refill.order_id}
    if offer and is_taken(offer) and offer.address:
        content = address_content(offer.address)
        if content not in old or offer.key >= old[content][0]:
            filled[content] = offer.key, offer.address
            lost.discard(content)
    if lost:
        filled = {content: place for content, place in filled.items() if content not in lost}
        if offer and offer.address and is_taken(offer):
            filled.setdefault(address_content(offer.address), (offer.key, offer.address))
        _find_lost(filled, lost, filter(is_taken, refill.newest_first()), limit if len(old) >= limit else 0)
    kept = sorted(filled.values(), key=lambda place: place[0], reverse=True)[:limit]
    return _assembled(customer, places, own, old, kept)


def _is_taken(customer: Customer, own: Collection[str], old: Collection[str], offer: Offer) -> bool:
    """Return whether an order's address joins the book.

    After the owner or the merchant wrote the book, only later orders add addresses.
    """
    if offer.address is None:
        return False
    content, book_at = address_content(offer.address), customer.filled_by_orders.book_at
    return content not in own and (book_at is None or content in old or keys.order_time(offer.key) > book_at)


def _find_lost(filled: _Book, lost: set[str], candidates: Iterator[Offer], wanted: int) -> None:
    """Add each lost address of another order, and the addresses that the limit left out."""
    seen = set[str]()
    for offer in candidates:
        if offer.address is None:
            continue
        content = address_content(offer.address)
        seen.add(content)
        if content not in filled or filled[content][0] < offer.key:
            filled[content] = offer.key, offer.address
        if (lost <= seen) if not wanted else (len(seen) >= wanted):
            return


def _assembled(
    customer: Customer,
    places: dict[str, str],
    own: list[ShippingAddress],
    old: _Book,
    kept: list[tuple[str, ShippingAddress]],
) -> list[ShippingAddress]:
    """Return the book: the owner's addresses, then those of orders, newest first.

    A book with addresses of the owner keeps its order while no address changes.
    """
    if own and {_plain(address) for _, address in kept} == {_plain(address) for _, address in old.values()}:
        places |= {str(old[address_content(address)][1].id): key for key, address in kept}
        return customer.shipping_addresses
    for _, address in old.values():
        places.pop(str(address.id))
    used = {address.id for address in own}
    default = max((key for key, _ in kept), key=partial(order_offers.rank, customer), default=None) if not own else None
    book = list(own)
    for key, address in kept:
        address_id = new_id(address, used)
        used.add(address_id)
        places[address_id] = key
        book.append(address.model_copy(update={"id": address_id, "is_default": key == default}))
    return book


def _plain(address: ShippingAddress) -> str:
    return address.model_dump_json(exclude={"id", "is_default"})
