"""What the stand-in forum tells of itself: site, categories, tags, robots.txt."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from ptm_spark.standin.forum_answers import Route, json_answer, text_answer
from ptm_spark.standin.forum_list_routes import AnonymousCache
from ptm_spark.standin.forum_source import Category, ForumSource, Json

_SHUT_OUT = ("mauibot", "semrushbot", "ahrefsbot", "blexbot", "seo spider")
_DISALLOWED = (
    "/admin/", "/auth/", "/assets/js/browser-update*.js", "/email/", "/session", "/user-api-key", "/*?api_key*",
    "/*?*api_key*", "/badges", "/my", "/search", "/tag/*/l", "/g", "/t/*/*.rss", "/c/*.rss",
)  # fmt: skip
_FILTERS = ("latest", "unread", "new", "unseen", "top", "read", "posted", "bookmarks", "hot")
_ACTIONS = (
    (2, "like"),
    (3, "off_topic"),
    (4, "inappropriate"),
    (6, "notify_user"),
    (7, "notify_moderators"),
    (8, "spam"),
)


def site_routes(source: ForumSource, cache: AnonymousCache) -> list[Route]:
    """``/site.json``, ``/site/basic-info.json``, ``/categories.json``, ``/tags.json`` and ``/robots.txt``."""

    async def site(request: web.Request) -> web.Response:
        return json_answer(_site(source), route="site/site")

    async def basic_info(request: web.Request) -> web.Response:
        body = {
            "logo_url": "", "logo_small_url": "", "apple_touch_icon_url": "", "favicon_url": "", "mobile_logo_url": "",
            "title": source.title,
            "description": "",
            "header_primary_color": "333333",
            "header_background_color": "ffffff",
            "login_required": False,
            "locale": "en",
            "include_in_discourse_discover": False,
        }  # fmt: skip
        return json_answer(body, route="site/basic_info")

    async def categories(request: web.Request) -> web.Response:
        has_below = request.query.get("include_subcategories") == "true"
        return cache.answer(request, lambda: _categories(source.categories(), has_below), route="categories/index")

    async def tags(request: web.Request) -> web.Response:
        body = {"tags": source.tags(), "extras": {"categories": []}}
        return json_answer(body, route="tags/index")

    async def robots(request: web.Request) -> web.Response:
        blocks = [f"User-agent: {agent}\nDisallow: /\n" for agent in _SHUT_OUT]
        blocks.append("User-agent: *\n" + "".join(f"Disallow: {path}\n" for path in _DISALLOWED))
        sitemap = f"Sitemap: {request.scheme}://{request.host}/sitemap.xml\n"
        return text_answer("\n\n".join([*blocks, sitemap]), route="robots_txt/index")

    return [
        Route("GET", "/site.json", site),
        Route("GET", "/site/basic-info.json", basic_info),
        Route("GET", "/categories.json", categories),
        Route("GET", "/tags.json", tags),
        Route("GET", "/robots.txt", robots),
    ]


def _site(source: ForumSource) -> Json:
    readable = [one for one in source.categories() if not one.read_restricted]
    return {
        "default_archetype": "regular",
        "notification_types": {"mentioned": 1, "replied": 2, "quoted": 3, "edited": 4, "liked": 5},
        "post_types": {"regular": 1, "moderator_action": 2, "small_action": 3, "whisper": 4},
        "trust_levels": {"newuser": 0, "basic": 1, "member": 2, "regular": 3, "leader": 4},
        "groups": [],
        "filters": list(_FILTERS),
        "periods": ["all", "yearly", "quarterly", "monthly", "weekly", "daily"],
        "top_menu_items": list(_FILTERS),
        "anonymous_top_menu_items": ["latest", "top", "categories", "hot"],
        "uncategorized_category_id": 1,
        "user_field_max_length": 2048,
        "post_action_types": [
            {"id": number, "name_key": name, "name": name, "is_flag": number != 2} for number, name in _ACTIONS
        ],
        "topic_flag_types": [],
        "can_create_tag": False,
        "can_tag_topics": False,
        "can_tag_pms": False,
        "top_tags": [
            {"id": number, "name": tag["name"], "slug": tag["name"]} for number, tag in enumerate(source.tags()[:10], 1)
        ],
        "topic_featured_link_allowed_category_ids": [],
        "censored_regexp": [],
        "custom_emoji_translation": {},
        "watched_words_replace": None,
        "watched_words_link": None,
        "archetypes": [{"id": "regular", "name": "Regular Topic", "options": []}],
        "user_fields": [],
        "auth_providers": [],
        "categories": [_category(one, place, readable) for place, one in enumerate(readable)],
    }


def _categories(categories: Sequence[Category], has_below: bool) -> Json:
    readable = [one for one in categories if not one.read_restricted]
    rows = []
    for place, one in enumerate(readable):
        if one.parent_id is not None:
            continue
        row = _category(one, place, readable)
        if has_below:
            row["subcategory_list"] = [
                _category(below, number, readable)
                for number, below in enumerate(readable)
                if below.parent_id == one.category_id
            ]
        rows.append(row)
    return {"category_list": {"can_create_category": False, "can_create_topic": False, "categories": rows}}


def _category(one: Category, place: int, readable: Sequence[Category]) -> dict[str, Any]:
    below = [other.category_id for other in readable if other.parent_id == one.category_id]
    topic_url = None if one.definition_id is None else f"/t/about-the-{one.slug}-category/{one.definition_id}"
    row = {
        "id": one.category_id, "name": one.name, "color": "0088CC", "text_color": "FFFFFF", "style_type": "square",
        "icon": None, "emoji": None, "slug": one.slug, "topic_count": one.topic_count, "post_count": one.post_count,
        "position": place, "description": one.description, "description_text": one.description,
        "description_excerpt": one.description, "topic_url": topic_url, "read_restricted": False, "permission": None,
        "notification_level": 1, "can_edit": False, "topic_template": None, "has_children": bool(below),
        "subcategory_count": len(below), "subcategory_ids": below, "sort_order": None, "sort_ascending": None,
        "show_subcategory_list": False, "num_featured_topics": 3, "default_view": None, "default_top_period": "all",
        "default_list_filter": "all", "minimum_required_tags": 0, "navigate_to_first_post_after_read": False,
        "topics_all_time": one.topic_count, "is_uncategorized": one.category_id == 1, "uploaded_logo": None,
        "uploaded_logo_dark": None, "uploaded_background": None, "uploaded_background_dark": None,
    }  # fmt: skip
    return row | ({"parent_category_id": one.parent_id} if one.parent_id is not None else {})
