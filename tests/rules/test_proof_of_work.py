"""The proof of work: cheap to check, valid for one address, and the same in a browser."""

from datetime import UTC, datetime, timedelta
from hashlib import scrypt

import pytest
from itsdangerous import URLSafeSerializer

from broadsheet.rules import proof_of_work
from broadsheet.rules.proof_of_work import is_below, is_solved, new_puzzle

NOW = datetime(2026, 3, 11, 9, tzinfo=UTC)
ADA = "ada@example.org"


def solve(challenge: str) -> str:
    """Search as the script of the page does."""
    return " ".join(
        str(next(n for n in range(100_000) if is_below(challenge, number, n)))
        for number in range(4)
    )


@pytest.fixture
def easy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter of all numbers solve a round."""
    monkeypatch.setattr(proof_of_work, "_BELOW", 2**30)


@pytest.mark.usefixtures("easy")
def test_a_solution_is_valid_for_its_address_and_for_thirty_minutes() -> None:
    puzzle = new_puzzle("secret", ADA, "nonce", NOW)
    solution = solve(puzzle.challenge)
    for late in (timedelta(), timedelta(minutes=30)):
        assert is_solved("secret", puzzle.challenge, solution, ADA, NOW + late)
    assert not is_solved("secret", puzzle.challenge, solution, ADA, NOW + timedelta(minutes=31))
    assert not is_solved("secret", puzzle.challenge, solution, ADA, NOW - timedelta(minutes=6))
    assert not is_solved("secret", puzzle.challenge, solution, "bo@example.org", NOW)
    assert not is_solved("another", puzzle.challenge, solution, ADA, NOW)


@pytest.mark.parametrize(
    "solution",
    ["", "1", "1 2 3", "0 0 0 0 0", "-1 1 1 1", "1e9 1 1 1", "٣ 1 1 1", " 1 1 1 1", "9" * 40, "\0"],
)
def test_anything_else_is_no_solution(solution: str) -> None:
    puzzle = new_puzzle("secret", ADA, "nonce", NOW)
    assert not is_solved("secret", puzzle.challenge, solution, ADA, NOW)
    assert not is_solved("secret", "", solution, ADA, NOW)


def test_a_forged_challenge_costs_no_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof_of_work, "scrypt", pytest.fail)
    forged = URLSafeSerializer("guess").dumps([ADA, "nonce", int(NOW.timestamp())])
    assert not is_solved("secret", forged, "0 0 0 0", ADA, NOW)


def test_a_round_takes_64_numbers_on_average() -> None:
    puzzle = new_puzzle("secret", ADA, "nonce", NOW)
    assert (puzzle.rounds, puzzle.below) == (4, 2**32 // 64)
    hashed = scrypt(b"c 0 7", salt=puzzle.salt.encode(), n=puzzle.n, r=8, p=1, dklen=4)
    assert is_below("c", 0, 7) is (int.from_bytes(hashed) < puzzle.below)
