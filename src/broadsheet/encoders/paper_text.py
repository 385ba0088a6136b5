"""The text of a paper that its vector is computed from."""

from broadsheet.model import Paper


def text_of(paper: Paper) -> str:
    """Give the text of a paper that its vector is made of."""
    return f"{paper.title}\n{paper.abstract}" if paper.abstract else paper.title
