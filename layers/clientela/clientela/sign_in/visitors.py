"""Who calls the storefront, as far as an address and a browser tell."""

import ipaddress
from typing import NamedTuple

from clientela.sign_in import user_agents


class Visitor(NamedTuple):
    """A caller: the address that reached the API's own front, never one that a header claims; and its browser's name."""

    ip: str
    user_agent: str | None = None

    @property
    def rate_limit_key(self) -> str:
        """The address to count by: an IPv6 customer has a whole /64 to call from."""
        address = ipaddress.ip_address(self.ip)
        if isinstance(address, ipaddress.IPv6Address):
            return str(address.ipv4_mapped or ipaddress.ip_network((int(address), 64), strict=False))
        return str(address)

    @property
    def device(self) -> str | None:
        """`Firefox on Windows`, or None."""
        return user_agents.summary(self.user_agent)
