import pytest
from starlette.datastructures import Headers

from broadsheet.web.middleware.guard import is_foreign
from broadsheet.web.middleware.hosts import own_names

OWN = "https://paper.example"
NAMES = own_names(OWN, [])


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, False),
        ({"origin": OWN}, False),
        ({"origin": OWN, "host": "10.0.0.7", "sec-fetch-site": "same-origin"}, False),
        ({"origin": "http://10.0.0.7:8000", "host": "10.0.0.7:8000"}, False),
        ({"origin": "null", "host": "paper.example", "sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "same-site"}, True),
        ({"origin": "null", "host": "paper.example"}, True),
        ({"origin": "https://evil.example", "host": "paper.example"}, True),
        ({"origin": f"{OWN}.evil.example", "host": "paper.example"}, True),
    ],
)
def test_a_request_caused_by_another_site_is_foreign(
    headers: dict[str, str], foreign: bool
) -> None:
    assert is_foreign(Headers(headers), OWN, NAMES) is foreign
