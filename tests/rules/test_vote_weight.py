"""One reader, one vote; and many from one place, or from new readers, weigh little."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.rules.vote_weight import NEW_READER_WEIGHT, Ballot, weighed

_LONG_AGO_H, _NOW_H = 0.0, 1_000.0

_ballots = st.lists(
    st.builds(
        Ballot,
        num=st.integers(1, 3),
        at_h=st.floats(_LONG_AGO_H, _NOW_H),
        network=st.none() | st.sampled_from(["home", "hall"]),
        known_h=st.floats(_LONG_AGO_H, _NOW_H),
    )
).map(lambda cast: sorted(cast, key=lambda ballot: ballot.at_h))


def _vote(num: int = 1, network: str | None = None, known_h: float = _LONG_AGO_H) -> Ballot:
    return Ballot(num, _NOW_H, network, known_h)


def _weights(*ballots: Ballot) -> list[float]:
    return [weight for _, weight in weighed(ballots)]


def test_a_vote_of_a_known_reader_weighs_one() -> None:
    assert _weights(_vote(), _vote(network="home")) == [1.0, 1.0]


def test_the_next_votes_from_one_network_weigh_less_and_less() -> None:
    assert _weights(*[_vote(network="hall")] * 4) == [1, 1 / 2, 1 / 3, 1 / 4]


def test_a_hundred_votes_from_one_network_are_worth_five() -> None:
    assert sum(_weights(*[_vote(network="hall")] * 100)) == pytest.approx(5.19, abs=0.01)


def test_one_network_may_vote_for_many_papers() -> None:
    assert _weights(*(_vote(num, "hall") for num in range(5))) == [1.0] * 5


def test_votes_from_nowhere_known_do_not_lessen_each_other() -> None:
    assert _weights(*[_vote(network=None)] * 3) == [1.0] * 3


def test_a_new_reader_weighs_a_quarter_for_a_day() -> None:
    days_known_h = (0.0, 23.9, 24.0)
    weights = _weights(*(_vote(known_h=_NOW_H - known_h) for known_h in days_known_h))
    assert weights == [NEW_READER_WEIGHT, NEW_READER_WEIGHT, 1.0]


def test_new_readers_of_one_network_weigh_least() -> None:
    assert _weights(*[_vote(network="hall", known_h=_NOW_H)] * 2) == [0.25, 0.125]


@given(_ballots)
def test_no_vote_weighs_more_than_one_or_nothing_at_all(ballots: list[Ballot]) -> None:
    told = list(weighed(ballots))
    assert [ballot for ballot, _ in told] == ballots
    assert all(0 < weight <= 1 for _, weight in told)


@given(_ballots)
def test_a_later_vote_changes_no_earlier_one(ballots: list[Ballot]) -> None:
    assert _weights(*ballots)[:-1] == _weights(*ballots[:-1])
