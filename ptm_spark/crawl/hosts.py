"""Where requests may go: the service's own host, and a few that redirects may name; never into private networks."""

import ipaddress
import socket
from collections.abc import Sequence

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from ptm_spark.errors import UsageError


class RefusedAddressError(OSError):
    """An address that a crawler must not ask: of another host, a private network, or another kind."""


class Hosts:
    """The address of a service and what follows from it; UsageError where it is no http(s) address."""

    def __init__(self, base: str, redirect_hosts: Sequence[str] = ()) -> None:
        try:
            self.base = URL(base.rstrip("/"))
        except ValueError as error:
            raise UsageError(f"address {base}: {error}; expected one such as https://huggingface.co") from None
        if self.base.scheme not in ("http", "https") or not self.base.host or self.base.user or self.base.query_string:
            raise UsageError(f"address {base}: expected http(s)://host without a user or query")
        self._redirect_hosts = tuple(redirect_hosts)

    @property
    def is_this_machine(self) -> bool:
        """Whether the service runs here, as stand-ins do."""
        return self.base.host == "localhost" or _is_loopback(self.base.host or "")

    def is_own(self, url: URL) -> bool:
        """Whether an address is the service itself: the only place that may see the token."""
        return url.origin() == self.base.origin()

    def may_see_token(self, url: URL) -> bool:
        """A token goes to the service itself only, and never in clear over a network."""
        return self.is_own(url) and (url.scheme == "https" or self.is_this_machine)

    def check(self, url: URL) -> None:
        """RefusedAddressError where no request may go there."""
        if url.scheme not in ("http", "https") or not url.host:
            raise RefusedAddressError(f"{url.scheme or 'no scheme'}: is no address to ask")
        if self.is_own(url):
            return
        if url.scheme != "https" or url.user is not None:
            raise RefusedAddressError(f"{url.origin()}: a redirect may lead to https only")
        if not any(url.host == name or (name[:1] == "." and url.host.endswith(name)) for name in self._redirect_hosts):
            raise RefusedAddressError(f"{url.host}: not among crawl.redirect_hosts")
        self.check_resolved(url.host, url.host)

    def check_resolved(self, host: str, address: str) -> None:
        """RefusedAddressError where a name other than the service's own leads into a private network."""
        try:
            found = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return  # a name; its address is checked when it is connected to
        if host != self.base.host and not found.is_global:
            raise RefusedAddressError(f"{host}: its address {found} is in a private network")


class GuardedResolver(AbstractResolver):
    """Resolves names and refuses those whose address a crawler must not ask; checked at the moment of connecting."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts, self._resolver = hosts, ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        for result in found:
            self._hosts.check_resolved(host, result["host"])
        return found

    async def close(self) -> None:
        await self._resolver.close()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
