"""The text of a paper that is encoded."""

from broadsheet.model import Paper


def text_of(paper: Paper) -> str:
    """Return title and abstract, separated by a line break."""
    return f"{paper.title}\n{paper.abstract}" if paper.abstract else paper.title
