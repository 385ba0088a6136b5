import pytest

from broadsheet.http.rate_limits import pause_s


@pytest.mark.parametrize(
    ("host", "least_s"),
    [
        # Three lists a second are only for those who name a contact.
        ("api.crossref.org", 1.0),
        ("export.arxiv.org", 3.0),
        ("kites.example", 2.0),
    ],
)
def test_no_site_is_asked_faster_than_it_allows(host: str, least_s: float) -> None:
    assert pause_s(host) == least_s
