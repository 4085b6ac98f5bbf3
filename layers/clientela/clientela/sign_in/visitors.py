"""The caller of the storefront: an IP address, a browser, and the country where it is known."""

import ipaddress
from typing import NamedTuple

from clientela.sign_in import user_agents


class Visitor(NamedTuple):
    """A shopper: the IP address that the API saw or a trusted caller named, and the browser.

    `country` is an alpha-2 code that a trusted caller named.
    """

    ip: str
    user_agent: str | None = None
    country: str | None = None

    @property
    def rate_limit_key(self) -> str:
        """The network to count by: an IPv6 customer can call from a whole /64."""
        address = ipaddress.ip_address(self.ip)
        if isinstance(address, ipaddress.IPv6Address):
            return str(address.ipv4_mapped or ipaddress.ip_network((int(address), 64), strict=False))
        return str(address)

    @property
    def device(self) -> str | None:
        """`Firefox on Windows`, or None."""
        return user_agents.summary(self.user_agent)
