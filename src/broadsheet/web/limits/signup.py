"""Count sign-ups, and choose what a sign-up needs before a confirmation mail is sent."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from broadsheet.rules.proof_of_work import Puzzle, is_solved, new_puzzle
from broadsheet.rules.signup import (
    MAILS_A_DAY_TO_A_MAILBOX,
    WAITING_AN_HOUR_OF_A_NETWORK,
    Caps,
    counted_domain,
    free_caps,
    mailbox_of,
    proven_caps,
    wide_network,
)
from broadsheet.web.limits.rate_limiter import Limiters, RateLimiter

_NONCE_BYTES = 12
# Above every cap, so that a limiter counts further.
_COUNTED = 10_000_000


class Step(StrEnum):
    """What follows a sign-up."""

    MAIL = "mail"
    PROVE = "prove"
    WAIT = "wait"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Signup:
    """A request for a confirmation mail.

    Parameters
    ----------
    address : str
        A valid address.
    network : str
        The client's network.
    challenge, solution : str
        The proof of work; empty without one.
    waits : bool
        Whether the reader chose to wait instead of a proof of work.
    """

    address: str
    network: str
    challenge: str = ""
    solution: str = ""
    waits: bool = False


@dataclass(frozen=True, slots=True)
class SignupLimits:
    """The counters of sign-ups.

    Parameters
    ----------
    signups, proven : RateLimiter
        Sign-ups per network, per domain and in all; those with a proof of work.
    waiting : RateLimiter
        Sign-ups per network that chose to wait.
    mails : RateLimiter
        Confirmation mails per mailbox.
    solutions : RateLimiter
        Uses of a proof of work.
    """

    signups: RateLimiter
    proven: RateLimiter
    waiting: RateLimiter
    mails: RateLimiter
    solutions: RateLimiter

    @classmethod
    def of(cls, limiters: Limiters) -> Self:
        """Return the counters of a site."""
        return cls(
            signups=limiters.hourly("sign-ups", _COUNTED),
            proven=limiters.hourly("sign-ups with a proof of work", _COUNTED),
            waiting=limiters.hourly("sign-ups that wait", WAITING_AN_HOUR_OF_A_NETWORK),
            mails=limiters.daily("confirmations to a mailbox", MAILS_A_DAY_TO_A_MAILBOX),
            solutions=limiters.hourly("uses of a proof of work", 1),
        )

    def next_step(self, signup: Signup, secret: str, subscriptions: int, now: datetime) -> Step:
        """Count a sign-up and return what follows it.

        Parameters
        ----------
        signup : Signup
            The request.
        secret : str
            The library's secret.
        subscriptions : int
            Subscriptions of the library, unconfirmed ones included.
        now : datetime
            Aware UTC.
        """
        if signup.waits:
            is_allowed = self.waiting.take(wide_network(signup.network)).allowed
            return Step.WAIT if is_allowed else Step.REFUSE
        if self._is_proven(signup, secret, now):
            is_within = _count(self.proven, signup, proven_caps(subscriptions))
            return Step.MAIL if is_within else Step.WAIT
        is_within = _count(self.signups, signup, free_caps(subscriptions))
        return Step.MAIL if is_within else Step.PROVE

    def is_mailbox_open(self, address: str) -> bool:
        """Count a mail to an address; return whether its mailbox may get one more today."""
        return self.mails.take(mailbox_of(address)).allowed

    def _is_proven(self, signup: Signup, secret: str, now: datetime) -> bool:
        challenge = signup.challenge
        return (
            is_solved(secret, challenge, signup.solution, signup.address, now)
            and self.solutions.take(challenge).allowed
        )


def puzzle(secret: str, address: str, now: datetime) -> Puzzle:
    """Return a new puzzle for an address."""
    return new_puzzle(secret, address, secrets.token_urlsafe(_NONCE_BYTES), now)


def _count(limiter: RateLimiter, signup: Signup, caps: Caps) -> bool:
    """Count a sign-up up to the first cap that it exceeds; return whether it exceeds none.

    So a flood from one network uses up nothing that other networks share.
    """
    domain = counted_domain(signup.address)
    counters = (
        (f"network {wide_network(signup.network)}", caps.of_network),
        (domain and f"domain {domain}", caps.to_domain),
        ("all", caps.in_all),
    )
    return all(_taken(limiter, client) <= cap for client, cap in counters if client)


def _taken(limiter: RateLimiter, client: str) -> int:
    return limiter.limit - limiter.take(client).remaining
