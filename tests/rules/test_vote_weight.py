"""Votes from one network and votes of new readers weigh less."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.rules.vote_weight import (
    HALF_CREDIBLE_VOTERS,
    NEW_READER_WEIGHT,
    Vote,
    credibility,
    voters,
    weighted,
)

_LONG_AGO_H, _NOW_H = 0.0, 1_000.0

_votes = st.lists(
    st.builds(
        Vote,
        num=st.integers(1, 3),
        cast_h=st.floats(_LONG_AGO_H, _NOW_H),
        network=st.none() | st.sampled_from(["home", "hall"]),
        reader_since_h=st.floats(_LONG_AGO_H, _NOW_H),
        reader=st.integers(1, 5),
    )
).map(lambda cast: sorted(cast, key=lambda vote: vote.cast_h))


def _vote(
    num: int = 1,
    network: str | None = None,
    reader_since_h: float = _LONG_AGO_H,
    reader: int = 1,
) -> Vote:
    return Vote(num, _NOW_H, network, reader_since_h, reader)


def _weights(*votes: Vote) -> list[float]:
    return [weight for _, weight in weighted(votes)]


def test_the_vote_of_a_known_reader_weighs_one() -> None:
    assert _weights(_vote(), _vote(network="home")) == [1.0, 1.0]


def test_the_kth_vote_from_one_network_weighs_one_kth() -> None:
    assert _weights(*[_vote(network="hall")] * 4) == [1, 1 / 2, 1 / 3, 1 / 4]


def test_a_hundred_votes_from_one_network_are_worth_five() -> None:
    assert sum(_weights(*[_vote(network="hall")] * 100)) == pytest.approx(5.19, abs=0.01)


def test_votes_from_one_network_for_different_papers_weigh_one() -> None:
    assert _weights(*(_vote(num, "hall") for num in range(5))) == [1.0] * 5


def test_votes_from_unknown_networks_weigh_one() -> None:
    assert _weights(*[_vote(network=None)] * 3) == [1.0] * 3


def test_the_vote_of_a_new_reader_weighs_a_quarter_for_a_day() -> None:
    known_for_h = (0.0, 23.9, 24.0)
    weights = _weights(*(_vote(reader_since_h=_NOW_H - hours) for hours in known_for_h))
    assert weights == [NEW_READER_WEIGHT, NEW_READER_WEIGHT, 1.0]


def test_the_factors_of_network_and_new_reader_multiply() -> None:
    assert _weights(*[_vote(network="hall", reader_since_h=_NOW_H)] * 2) == [0.25, 0.125]


@given(_votes)
def test_weights_are_above_zero_and_at_most_one(votes: list[Vote]) -> None:
    weights = list(weighted(votes))
    assert [vote for vote, _ in weights] == votes
    assert all(0 < weight <= 1 for _, weight in weights)


@given(_votes)
def test_a_later_vote_does_not_change_earlier_weights(votes: list[Vote]) -> None:
    assert _weights(*votes)[:-1] == _weights(*votes[:-1])


def test_a_reader_is_one_voter_however_often_they_vote() -> None:
    assert voters([_vote(num) for num in range(9)], _NOW_H) == 1.0


def test_new_readers_are_a_quarter_of_a_voter() -> None:
    new = [_vote(reader_since_h=_NOW_H, reader=reader) for reader in range(4)]
    assert voters(new, _NOW_H) == 4 * NEW_READER_WEIGHT
    assert voters(new, _NOW_H + 24) == 4


def test_a_hundred_readers_of_one_network_are_five_voters() -> None:
    hall = [_vote(network="hall", reader=reader) for reader in range(100)]
    assert voters(hall, _NOW_H) == pytest.approx(5.19, abs=0.01)


def test_votes_count_half_at_fifty_voters_and_nearly_in_full_at_thousands() -> None:
    assert credibility(0.0) == 0.0
    assert credibility(HALF_CREDIBLE_VOTERS) == 0.5
    assert credibility(5_000.0) > 0.98
