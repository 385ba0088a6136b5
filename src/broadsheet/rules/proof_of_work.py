"""Proof of work: a few seconds of a browser's time for one confirmation mail.

A solution holds one number for each round, such that scrypt of challenge, round and number is below
a threshold. scrypt needs memory, which narrows the lead of special hardware over a browser, and
checking a solution takes four evaluations where finding one takes about 256.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import scrypt

from itsdangerous import BadData

from broadsheet.rules.signing import signer

_PURPOSE, _SALT = "broadsheet proof of work", "broadsheet"
# 1 MiB of memory: 128 * r * n bytes.
_N, _R, _HASH_BYTES = 1024, 8, 4
# Several short rounds vary less in time than a long one.
_ROUNDS, _TRIES_PER_ROUND = 4, 64
_BELOW: int = 2 ** (8 * _HASH_BYTES) // _TRIES_PER_ROUND
# Slow telephones, and readers who leave the page and return.
_VALID_FOR = timedelta(minutes=30)
_CLOCK_SKEW = timedelta(minutes=5)
_SOLUTION = re.compile(r"\d{1,9}(?: \d{1,9}){3}")


@dataclass(frozen=True, slots=True)
class Puzzle:
    """What a browser needs to compute a solution.

    Parameters
    ----------
    challenge : str
        Signed text; names the address.
    salt : str
        Salt of scrypt.
    n, rounds, below : int
        Cost of scrypt, numbers to find, and the bound of a hash's first 32 bits.
    """

    challenge: str
    salt: str
    n: int
    rounds: int
    below: int


def new_puzzle(secret: str, address: str, nonce: str, now: datetime) -> Puzzle:
    """Return a puzzle for one mail to an address.

    Parameters
    ----------
    secret : str
        The library's secret.
    address : str
        The address that a solution is valid for.
    nonce : str
        Random text, so that no two puzzles are the same.
    now : datetime
        Aware UTC; the puzzle is valid for 30 minutes.
    """
    challenge = signer(secret, _PURPOSE).dumps([address, nonce, int(now.timestamp())])
    return Puzzle(challenge, _SALT, _N, _ROUNDS, _BELOW)


def is_solved(secret: str, challenge: str, solution: str, address: str, now: datetime) -> bool:
    """Return whether a solution is valid for a challenge and an address.

    The caller accepts each challenge once.
    """
    try:
        named, _, issued_s = signer(secret, _PURPOSE).loads(challenge)
    except BadData:
        return False
    age = timedelta(seconds=now.timestamp() - issued_s)
    if named != address or not -_CLOCK_SKEW <= age <= _VALID_FOR:
        return False
    if not _SOLUTION.fullmatch(solution):
        return False
    return all(
        is_below(challenge, number, int(text)) for number, text in enumerate(solution.split(" "))
    )


def is_below(challenge: str, round_number: int, number: int) -> bool:
    """Return whether a number solves one round."""
    text = f"{challenge} {round_number} {number}".encode()
    hashed = scrypt(text, salt=_SALT.encode(), n=_N, r=_R, p=1, dklen=_HASH_BYTES)
    return int.from_bytes(hashed) < _BELOW
