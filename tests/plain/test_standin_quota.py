"""The Hub's quotas: windows, headers, refusals, figures."""

import pytest
from hubs import ask
from huggingface_hub.utils import parse_ratelimit_headers

from ptm_spark.errors import UsageError
from ptm_spark.standin.hub_listing import WorldHub
from ptm_spark.standin.quota import PLANS, Quota, bucket_of
from ptm_spark.standin.serving import serve_in_thread
from ptm_spark.standin.world import CENSUS_DATES, World


class Clock:
    """Seconds that stand still until told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_window_grants_its_limit_and_the_next_one_begins_anew() -> None:
    clock = Clock()  # 1000 = 3 windows of 300 s and 100 s
    quota = Quota("anonymous", clock=clock)
    charges = [quota.charge("one", "api") for _ in range(501)]
    assert [charge.granted for charge in charges] == [True] * 500 + [False]
    assert (charges[0].remaining, charges[499].remaining, charges[500].remaining) == (499, 0, 0)
    assert charges[500].headers == {
        "RateLimit": '"api";r=0;t=200',
        "RateLimit-Policy": '"fixed window";"api";q=500;w=300',
    }
    clock.now = 1199.5
    assert quota.charge("one", "api").reset_seconds == 1  # rounded up: to wait that long is enough
    clock.now = 1200.0
    assert quota.charge("one", "api").granted
    stats = quota.stats()
    assert stats["by_bucket"]["api"] == {"granted": 501, "refused": 2}
    assert stats["windows"] == [
        {"bucket": "api", "start": 900.0, "granted": 500, "refused": 2, "limit": 500},
        {"bucket": "api", "start": 1200.0, "granted": 1, "refused": 0, "limit": 500},
    ]


def test_identities_and_buckets_do_not_share_a_window() -> None:
    quota = Quota("anonymous", clock=Clock())
    for _ in range(100):
        assert quota.charge("one", "pages").granted
    assert not quota.charge("one", "pages").granted
    assert quota.charge("one", "api").granted and quota.charge("two", "pages").granted


def test_time_scale_shortens_windows_and_headers_stay_whole_seconds() -> None:
    clock = Clock()
    quota = Quota("pro", time_scale=1000, clock=clock)  # windows of 0.3 s
    charge = quota.charge("one", "resolvers")
    assert (charge.limit, charge.window_seconds, charge.reset_seconds) == (12_000, 1, 1)
    clock.now += 0.31
    assert quota.charge("one", "resolvers").remaining == 11_999


@pytest.mark.parametrize(("plan", "api"), [("anonymous", 500), ("free", 1000), ("enterprise-plus", 10_000)])
def test_plans_have_the_documented_figures(plan: str, api: int) -> None:
    assert PLANS[plan]["api"] == api


@pytest.mark.parametrize(
    ("path", "bucket"),
    [
        ("/api/models", "api"),
        ("/a/b/resolve/main/README.md", "resolvers"),
        ("/api/resolve-cache/models/a/b/x/README.md", "resolvers"),
        ("/a/b", "pages"),
    ],
)
def test_bucket_of_a_path(path: str, bucket: str) -> None:
    assert bucket_of(path) == bucket


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(UsageError, match=r"plan 'gold'.*anonymous, free"):
        Quota("gold")
    for scale in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="time scale"):
            Quota(time_scale=scale)


def test_served_answers_tell_the_quota_and_refusals_have_the_real_texts(world: World) -> None:
    with serve_in_thread(hub_source=WorldHub(world, CENSUS_DATES[-1]), plan="anonymous") as addresses:
        first = ask(addresses.hub, "/api/whoami-v2", Authorization="Bearer hf_good")
        info = parse_ratelimit_headers(first.headers)
        assert info is not None and (info.resource_type, info.remaining, info.limit) == ("api", 499, 500)
        for _ in range(100):
            assert ask(addresses.hub, "/nowhere").status == 404
        refused = ask(addresses.hub, "/nowhere")
        assert (refused.status, refused.headers["Content-Type"]) == (429, "text/plain; charset=utf-8")
        assert refused.body.startswith(b"We had to rate limit your IP (127.0.0.1). To continue using our service")
        assert refused.headers["RateLimit"].startswith('"pages";r=0;t=') and "Retry-After" not in refused.headers
        for _ in range(100):
            ask(addresses.hub, "/nowhere", Authorization="Bearer hf_good")
        refused = ask(addresses.hub, "/nowhere", Authorization="Bearer hf_good")
        assert refused.body.startswith(
            b"We had to rate limit you, you hit the quota of 100 pages requests per 5 minutes"
        )

        stats = ask(addresses.hub, "/_standin/stats").json
        assert (stats["requests"], stats["refused"]) == (203, 2)
        assert stats["by_bucket"]["pages"] == {"granted": 200, "refused": 2}
        log = ask(addresses.hub, "/_standin/log")
        assert len(log.json) == 203 and b"hf_good" not in log.body
        assert set(log.json[0]) == {"at", "method", "path_qs", "status", "user_agent"}
        assert [entry["status"] for entry in log.json[:2]] == [200, 404]
