"""Where a crawler may go, and who may see the token."""

import pytest
from yarl import URL

from ptm_spark.crawl.hosts import Hosts
from ptm_spark.errors import UsageError


def test_names_that_lead_into_a_private_network_are_refused() -> None:
    hosts = Hosts("https://huggingface.co", [".hf.co"])
    for address in ("10.0.0.1", "127.0.0.1", "169.254.169.254", "::1", "fe80::1%eth0", "192.168.1.1"):
        with pytest.raises(OSError, match="private network"):
            hosts.check_resolved("cdn.hf.co", address)
    hosts.check_resolved("cdn.hf.co", "8.8.8.8")
    hosts.check_resolved("huggingface.co", "10.0.0.1")  # somebody's own mirror


def test_the_token_goes_in_clear_over_no_network() -> None:
    for base, may in (("https://hub.example.org", True), ("http://hub.example.org", False), ("http://127.0.0.1", True)):
        hosts = Hosts(base)
        assert hosts.may_see_token(URL(base)) == may
        assert not hosts.may_see_token(URL("https://other.example.org"))


@pytest.mark.parametrize(
    "base", ["huggingface.co", "ftp://x", "https://", "https://a:b@x", "http://x?y=1", "http://[::1"]
)
def test_an_address_that_is_none_is_a_mistake_of_the_user(base: str) -> None:
    with pytest.raises(UsageError, match="address"):
        Hosts(base)
