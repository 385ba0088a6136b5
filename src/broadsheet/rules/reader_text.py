"""What of an error message readers of a site may see: pure."""

import re

_FILE = "a file of this server"
# A slash that begins a path: not one within a word, an address or another path.
_PATH = re.compile(
    r"""(?P<quote>['"])(?:/|[A-Za-z]:\\)[^'"]*(?P=quote) | (?<![\w:/.~%-])(?:~?/)[^\s'"<>:;,)]+""",
    re.VERBOSE,
)


def without_paths(text: str) -> str:
    """Return a message with the paths of files on this machine replaced.

    Examples
    --------
    >>> without_paths("cannot write '/srv/news/library.sqlite3': disk full")
    'cannot write a file of this server: disk full'
    >>> without_paths("https://export.arxiv.org/rss/cs.LG answered 503")
    'https://export.arxiv.org/rss/cs.LG answered 503'
    """
    return _PATH.sub(_FILE, text)
