"""Rate limits by site, and which hosts belong to one site."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RateLimits:
    """The least time between two requests, by site.

    Parameters
    ----------
    intervals_s : mapping of str to float
        Seconds between two requests to a site and its subdomains, such as ``arxiv.org``.
    default_s : float
        The same for all other hosts; 0 sets no limit.
    """

    intervals_s: Mapping[str, float] = field(default_factory=dict)
    default_s: float = 2.0

    def site_of(self, host: str) -> str:
        """Return the site of a host: a listed site, else the host without ``www.``.

        Examples
        --------
        >>> limits = RateLimits({"arxiv.org": 3.0})
        >>> limits.site_of("export.arxiv.org"), limits.site_of("www.example.org")
        ('arxiv.org', 'example.org')
        """
        name = host.lower().rstrip(".").removeprefix("www.")
        listed = (one for one in self.intervals_s if name == one or name.endswith(f".{one}"))
        return next(listed, name)

    def same_site(self, one: str, other: str) -> bool:
        """Return whether two hosts belong to one service, so that redirects are followed.

        Examples
        --------
        >>> limits = RateLimits({"arxiv.org": 3.0})
        >>> limits.same_site("export.arxiv.org", "oaipmh.arxiv.org")
        True
        >>> limits.same_site("a.github.io", "b.github.io")
        False
        """
        a, b = self.site_of(one), self.site_of(other)
        return a == b or a.endswith(f".{b}") or b.endswith(f".{a}")

    def interval_s(self, host: str) -> float:
        """Return the least time between two requests to the site of a host, in seconds."""
        return self.intervals_s.get(self.site_of(host), self.default_s)
