"""How a client retries, which redirects and addresses it accepts, and how long it waits."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """Retries, timeouts and limits of a client.

    Parameters
    ----------
    attempts : int
        Most requests sent for one call, from 1.
    first_wait_s : float
        Seconds before the second attempt; doubled for each further one. Each wait is multiplied
        by a random factor from 0.5 to 1, so that many clients do not retry at the same moment.
    max_wait_s : float
        Longest wait between two attempts.
    caps_retry_after : bool
        If a service requests a longer wait than `max_wait_s`: True waits `max_wait_s`, False
        raises UnavailableError.
    retried_statuses : frozenset of int
        Statuses that are retried.
    connect_s, read_s, total_s : float
        Timeout of connecting, of each read, and of the whole reply.
    max_redirects : int
        Redirects followed within a site; 0 treats a redirect as an error.
    allows_private : bool
        Whether addresses inside private networks are allowed. Only for an address that the
        operator configured.
    """

    attempts: int = 4
    first_wait_s: float = 2.0
    max_wait_s: float = 60.0
    caps_retry_after: bool = False
    retried_statuses: frozenset[int] = frozenset({408, 425, 429, 500, 502, 503, 504})
    connect_s: float = 10.0
    read_s: float = 30.0
    total_s: float = 300.0
    max_redirects: int = 5
    allows_private: bool = False
