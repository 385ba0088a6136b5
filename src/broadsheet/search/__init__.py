"""Search: from a query to hits, and from a paper to those related to it."""

from broadsheet.search.answering import Request, search
from broadsheet.search.relating import related
from broadsheet.search.reranker import Reranker

__all__ = ["Request", "Reranker", "related", "search"]
