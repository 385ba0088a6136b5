"""Serialize a feed as JSON Feed 1.1."""

import orjson

from broadsheet.web.feeds.feed import Feed, FeedItem, stamp

MEDIA_TYPE = "application/feed+json"

_VERSION = "https://jsonfeed.org/version/1.1"


def write(feed: Feed) -> bytes:
    """Return a feed as a JSON Feed document in UTF-8."""
    description = {} if feed.subtitle is None else {"description": feed.subtitle}
    return orjson.dumps(
        {
            "version": _VERSION,
            "title": feed.title,
            **description,
            "home_page_url": feed.home,
            "feed_url": feed.json,
            "icon": feed.icon,
            "favicon": feed.icon,
            "authors": [{"name": feed.publisher, "url": feed.home}],
            "items": [_item(item) for item in feed.items],
        }
    )


def _item(item: FeedItem) -> dict[str, object]:
    fields: dict[str, object] = {
        "id": item.id,
        "url": item.page,
        "external_url": item.work,
        "title": item.title,
        "content_html": item.html,
        "summary": item.summary,
        "date_published": stamp(item.published) if item.published else None,
        "date_modified": stamp(item.updated),
        "authors": [{"name": name} for name in item.authors],
        "tags": list(item.categories),
    }
    return {name: value for name, value in fields.items() if value not in (None, [])}
