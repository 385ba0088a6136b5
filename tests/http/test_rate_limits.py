import pytest

from broadsheet.http.rate_limits import RateLimits
from broadsheet.sources.registry import RATE_LIMITS


@pytest.mark.parametrize(
    ("host", "least_s"),
    [
        # Three list requests a second are allowed only with a contact.
        ("api.crossref.org", 1.0),
        ("export.arxiv.org", 3.0),
        ("kites.example", 2.0),
    ],
)
def test_each_site_has_its_own_rate_limit(host: str, least_s: float) -> None:
    assert RateLimits(RATE_LIMITS).interval_s(host) == least_s
