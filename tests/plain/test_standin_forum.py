"""The stand-in forum's lists: do they answer as a Discourse forum's do, item by item?"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from forums import AT, Served, ids, served

from ptm_spark.standin.forum_world import InventedForum


@pytest.fixture(scope="module")
def forum() -> InventedForum:
    return InventedForum(seed=7, topics=600, at=AT)


@pytest.fixture(scope="module")
def site(forum: InventedForum) -> Iterator[Served]:
    with served(forum) as site:
        yield site


@pytest.mark.parametrize("per_page", [30, 100])
def test_walk_by_creation_finds_each_listed_topic_once(forum: InventedForum, site: Served, per_page: int) -> None:
    pages = site.walk(f"/latest.json?order=created&ascending=true&per_page={per_page}")
    assert [row["id"] for page in pages for row in page] == forum.listed_topics()
    assert {len(page) for page in pages[:-1]} == {per_page}
    assert [row for page in pages for row in page] == [forum.row(topic) for topic in forum.listed_topics()]


def test_a_full_last_page_is_followed_by_an_empty_one() -> None:
    forum = InventedForum(seed=7, topics=60, at=AT)
    count = len(forum.listed_topics())
    size = max(size for size in range(1, count) if count % size == 0)
    with served(forum) as site:
        pages = site.walk(f"/latest.json?order=created&per_page={size}")
    assert [len(page) for page in pages] == [size] * (count // size) + [0]


def test_pinned_topics_come_first_in_the_default_order_only() -> None:
    forum = InventedForum(seed=7, topics=600)
    pinned = next(topic for topic in forum.topics if topic.is_pinned_globally and topic.pinned_until)
    assert pinned.pinned_at is not None
    forum.at = pinned.pinned_at + timedelta(days=40)
    with served(forum) as site:
        for query in ("", "&order=activity", "&order=default", "&order=nonsense"):
            pages = site.walk(f"/latest.json?per_page=30{query}")
            rows = [row for page in pages for row in page]
            assert rows[0]["id"] == pinned.topic_id and rows[0]["pinned_globally"] and rows[0]["excerpt"]
            bumped = [row["bumped_at"] for row in rows[1:]]
            assert bumped == sorted(bumped, reverse=True) and rows[0]["bumped_at"] < bumped[0]
            assert sorted(ids(rows)) == forum.listed_topics()
        created = site.json("/latest.json?order=created")["topic_list"]["topics"]
        assert ids(created) == forum.listed_topics()[: -len(created) - 1 : -1]
        category = site.json("/c/beginners/5.json")["topic_list"]["topics"]
        assert category[0]["pinned"] and not category[0]["pinned_globally"]


@pytest.mark.parametrize(
    ("order", "key"),
    [("views", "views"), ("posts", "posts_count"), ("likes", "like_count"), ("op_likes", "op_like_count")],
)
def test_other_orders_go_down_or_up(site: Served, order: str, key: str) -> None:
    down = [row[key] for row in site.json(f"/latest.json?order={order}&per_page=100")["topic_list"]["topics"]]
    up = [row[key] for row in site.json(f"/latest.json?order={order}&ascending=true")["topic_list"]["topics"]]
    assert down == sorted(down, reverse=True) and up == sorted(up) and up[0] < down[0]


def test_more_topics_url_names_the_next_page_without_json(site: Served) -> None:
    body = site.json("/latest.json?page=2&order=created")["topic_list"]
    assert body["more_topics_url"] == "/latest?order=created&page=3"
    assert body["per_page"] == len(body["topics"]) == 30
    next_page = site.ask(body["more_topics_url"], Accept="application/json").json
    assert next_page == site.json("/latest.json?order=created&page=3")
    assert b"<html>" in site.ask(body["more_topics_url"]).body


def test_definitions_of_categories_can_be_left_out(forum: InventedForum, site: Served) -> None:
    definitions = {topic.topic_id for topic in forum.topics if topic.is_definition}
    rows = [row for page in site.walk("/latest.json?no_definitions=true&per_page=100") for row in page]
    assert set(ids(rows)) == set(forum.listed_topics()) - definitions


@pytest.mark.parametrize("query", ["page=-1", "page=x", "page=1.5", "per_page=0", "per_page=101", "per_page=all"])
def test_odd_numbers_are_400(site: Served, query: str) -> None:
    answer = site.ask(f"/latest.json?{query}")
    assert answer.status == 400 and answer.json["error_type"] == "invalid_parameters"


def test_list_names_the_users_of_its_posters(site: Served) -> None:
    body = site.json("/latest.json")
    users = {user["id"] for user in body["users"]}
    posters = [poster for row in body["topic_list"]["topics"] for poster in row["posters"]]
    assert {poster["user_id"] for poster in posters} == users
    assert {poster["extras"] for poster in posters} == {None, "latest", "latest single"}


def test_category_lists_itself_and_what_is_below_it(forum: InventedForum, site: Served) -> None:
    categories = {category.category_id: category for category in forum.categories()}
    research = [row for page in site.walk("/c/research/7.json?per_page=100") for row in page]
    assert {row["category_id"] for row in research} == {7, 8}
    assert len(research) == categories[7].topic_count + categories[8].topic_count + 2
    below = site.json("/c/research/awesome-paper/8.json")["topic_list"]["topics"]
    assert {row["category_id"] for row in below} == {8}
    more = site.json("/c/beginners/5.json?order=created")["topic_list"]["more_topics_url"]
    assert site.ask(more, Accept="application/json").json["topic_list"]["topics"]


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/c/5.json", "/c/beginners/5.json"),
        ("/c/wrong/5.json?page=1", "/c/beginners/5.json?page=1"),
        ("/c/awesome-paper/8.json", "/c/research/awesome-paper/8.json"),
        ("/c/x/5/l/latest.json", "/c/beginners/5/l/latest.json"),
    ],
)
def test_wrong_slug_of_a_category_is_301(site: Served, path: str, target: str) -> None:
    answer = site.ask(path)
    assert (answer.status, answer.headers["Location"]) == (301, site.url + target)
    assert site.ask(target).status == 200


def test_category_for_members_is_403_and_named_nowhere(forum: InventedForum, site: Served) -> None:
    answer = site.ask("/c/team/4.json")
    assert answer.status == 403 and answer.json["error_type"] == "invalid_access"
    assert site.ask("/c/none/999.json").status == 404
    assert 4 not in ids(site.json("/site.json")["categories"])
    team = next(topic for topic in forum.topics if topic.category_id == 4)
    assert site.ask(f"/t/{team.topic_id}.json").status == site.ask(f"/posts/{team.posts[0].post_id}.json").status == 403
    assert site.ask(f"/t/{team.topic_id}/posts.json").status == site.ask(f"/raw/{team.topic_id}").status == 403


def test_site_tells_of_its_categories(forum: InventedForum, site: Served) -> None:
    body = site.json("/site.json")
    parents = {category["id"]: category.get("parent_category_id") for category in body["categories"]}
    assert (parents[8], parents[25], parents[5]) == (7, 20, None)
    assert body["post_types"] == {"regular": 1, "moderator_action": 2, "small_action": 3, "whisper": 4}
    assert {"id": 2, "name_key": "like"}.items() <= body["post_action_types"][0].items()
    assert (
        body["uncategorized_category_id"] == 1 and body["trust_levels"] and body["archetypes"] and body["groups"] == []
    )
    assert site.json("/site/basic-info.json")["login_required"] is False
    tree = site.json("/categories.json?include_subcategories=true")["category_list"]["categories"]
    research = next(category for category in tree if category["id"] == 7)
    assert research["subcategory_ids"] == [8] and ids(research["subcategory_list"]) == [8]
    assert 8 not in ids(tree)
    for category in tree:
        if category["topic_url"]:
            assert site.ask(f"{category['topic_url']}.json").status in (200, 301)
    early = {category.category_id for category in forum.categories(datetime(2021, 3, 1, tzinfo=UTC))}
    assert 63 not in early and 9 in early


def test_robots_allow_lists_and_topics_and_forbid_search(site: Served) -> None:
    answer = site.ask("/robots.txt")
    text = answer.body.decode()
    assert answer.headers["Content-Type"].startswith("text/plain") and f"Sitemap: {site.url}/sitemap.xml" in text
    assert "Disallow: /search\n" in text and "/t/\n" not in text and "Crawl-delay" not in text


def test_headers_name_the_route(site: Served) -> None:
    routes = {
        path: site.ask(path).headers["X-Discourse-Route"] for path in ("/latest.json", "/t/0.json", "/posts.json")
    }
    assert routes == {"/latest.json": "list/latest", "/t/0.json": "topics/show", "/posts.json": "posts/latest"}
    headers = site.ask("/latest.json").headers
    assert float(headers["X-Runtime"]) > 0 and "X-Discourse-Cached" not in headers
