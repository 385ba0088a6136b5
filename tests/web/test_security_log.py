"""What an attacker does is logged: without secrets, without forged lines, at a bounded rate."""

import logging
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from broadsheet.library import Library
from broadsheet.rules.token import Purpose
from broadsheet.web.app import create_app
from broadsheet.web.middleware.security_log import LINES_A_MINUTE, LINES_A_MINUTE_OF_A_NETWORK
from tests.web.test_actions import token_for

Lines = Callable[[], list[str]]


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Lines:
    caplog.set_level(logging.INFO, "broadsheet.security")

    def read() -> list[str]:
        records = [one for one in caplog.records if one.name == "broadsheet.security"]
        return [f"{one.levelname} {one.getMessage()}" for one in records]

    return read


@pytest.fixture
def visitor(still_library: Library) -> TestClient:
    return TestClient(create_app(still_library))


def test_a_refused_request_is_logged_with_its_status_path_and_network(
    visitor: TestClient, lines: Lines
) -> None:
    visitor.get("/")
    visitor.get("/papers/unknown")
    visitor.get("/api/v1/papers", headers={"Authorization": "Bearer stolen-secret"})
    visitor.post("/subscribe", headers={"Origin": "https://evil.example"})
    visitor.post("/subscribe", data={"email": "a" * 70_000})
    visitor.post("/subscribe", data={"email": "not an address"})
    logged = lines()
    assert [line.split("status=")[1][:3] for line in logged] == ["401", "403", "413", "422"]
    assert logged[0].startswith(
        "WARNING refused: status=401 method=GET path=/api/v1/papers network="
    )
    assert "stolen-secret" not in str(logged)


def test_a_link_is_logged_when_it_is_used_or_refused_but_not_its_token(
    client: TestClient, library: Library, lines: Lines
) -> None:
    token = token_for(library, Purpose.CONFIRM)
    for link in (f"/confirm?token={token}", "/confirm?token=forged"):
        client.post(link)
    used, refused = lines()
    assert used.startswith("INFO link used: status=200 method=POST path=/confirm ")
    assert refused.startswith("WARNING refused: status=404 method=POST path=/confirm ")
    assert token not in used and "forged" not in refused


def test_a_token_is_logged_by_its_name_once_an_hour(
    client: TestClient, library: Library, lines: Lines
) -> None:
    secret = library.tokens.create("ada")
    for _ in range(3):
        client.get("/api/v1/editions", headers={"Authorization": f"Bearer {secret}"})
    (line,) = lines()
    assert line.startswith("INFO token 'ada' used: status=200 ")
    assert secret not in line


def test_a_path_cannot_forge_a_line_of_the_log(visitor: TestClient, lines: Lines) -> None:
    visitor.get("/api/v1/a%0aWARNING%20forged%1b[2J", headers={"Authorization": "Bearer x"})
    (line,) = lines()
    assert "\n" not in line and "\x1b" not in line
    assert "path=/api/v1/a%0AWARNING%20forged%1B%5B2J" in line


def test_an_attacker_cannot_fill_the_log(still_library: Library, lines: Lines) -> None:
    app = create_app(still_library)
    for number in range(30):
        network = TestClient(app, client=(f"192.0.2.{number}", 4711))
        for _ in range(LINES_A_MINUTE_OF_A_NETWORK + 2):
            network.get("/api/v1/papers?limit=x")
    logged = lines()
    assert len(logged) == LINES_A_MINUTE
    assert "; no more lines of this network for " in logged[LINES_A_MINUTE_OF_A_NETWORK - 1]
    assert "; no more lines for " in logged[-1]
