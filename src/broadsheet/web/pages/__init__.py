"""The pages for readers; none of them changes anything."""

from broadsheet.web.pages import about, editions, lists, papers, search, trending

ROUTERS = (
    about.router,
    editions.router,
    lists.router,
    papers.router,
    search.router,
    trending.router,
)
