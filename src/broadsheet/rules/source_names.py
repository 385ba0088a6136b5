"""The names of outside places, as readers know them."""

_NAMES = {
    "acl": "ACL Anthology",
    "arxiv": "arXiv",
    "arxiv-dump": "arXiv",
    "arxiv-feed": "arXiv",
    "bibtex": "BibTeX file",
    "biorxiv": "bioRxiv",
    "bluesky": "Bluesky",
    "crossref": "Crossref",
    "csl-json": "CSL-JSON file",
    "github": "GitHub",
    "hf": "Hugging Face",
    "hn": "Hacker News",
    "hub": "Hugging Face",
    "local": "this site",
    "medrxiv": "medRxiv",
    "openalex": "OpenAlex",
    "reddit": "Reddit",
    "ris": "RIS file",
    "semanticscholar": "Semantic Scholar",
    "zotero": "Zotero",
}


def source_name(source: str) -> str:
    """Return the name of a source, without what it names of a thread or an argument.

    Examples
    --------
    >>> source_name("hf"), source_name("hn:12684980"), source_name("valley")
    ('Hugging Face', 'Hacker News', 'valley')
    """
    place = source.partition(":")[0]
    return _NAMES.get(place, place)
