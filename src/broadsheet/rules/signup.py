"""Decide which sign-ups get a confirmation mail at once, after a proof of work, or later.

A sign-up makes this site mail somebody, so an abuser could use it to flood a mailbox or the
mailboxes of a domain. Sign-ups are counted by mailbox, domain, network and in all.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from broadsheet.rules.network import network

MAILS_A_DAY_TO_A_MAILBOX = 3
WAITING_AN_HOUR_OF_A_NETWORK = 5
_FREE_OF_NETWORK, _FREE_TO_DOMAIN, _FREE_IN_ALL = 10, 10, 60
_SUBSCRIPTIONS_PER_FREE_SIGNUP = 500
_PROVEN_TIMES_FREE = 6
_WAITING_EVERY = timedelta(minutes=3)
LONGEST_WAIT = timedelta(hours=6)

# Everybody may have a mailbox there, so a count by domain says nothing about a victim.
_PUBLIC_PROVIDERS = frozenset(
    """
    126.com 163.com aol.com duck.com fastmail.com foxmail.com free.fr gmail.com gmx.at gmx.ch
    gmx.com gmx.de gmx.net googlemail.com hey.com hotmail.co.uk hotmail.com hotmail.de hotmail.fr
    icloud.com libero.it live.com mac.com mail.com mail.ru mailbox.org me.com msn.com naver.com
    orange.fr outlook.com outlook.de outlook.fr pm.me posteo.de proton.me protonmail.com qq.com
    rediffmail.com sina.com t-online.de tutanota.com uol.com.br web.de yahoo.co.in yahoo.co.jp
    yahoo.co.uk yahoo.com yahoo.com.br yahoo.de yahoo.fr yandex.com yandex.ru ymail.com zoho.com
    """.split()  # noqa: SIM905 - one name a line is no easier to read
)
_SAME_PROVIDER = {"googlemail.com": "gmail.com"}


@dataclass(frozen=True, slots=True)
class Caps:
    """Highest numbers of sign-ups an hour.

    Parameters
    ----------
    of_network : int
        From one /24 or /48.
    to_domain : int
        To one domain that is not a public provider's.
    in_all : int
        To the site.
    """

    of_network: int
    to_domain: int
    in_all: int


def mailbox_of(address: str) -> str:
    """Return the mailbox that an address belongs to, for counting only.

    Plus-tags and dots are removed for every provider: two people whose names differ in dots count
    as one, and nothing is mailed to this form.

    Examples
    --------
    >>> mailbox_of("A.Da+news@GoogleMail.com")
    'ada@gmail.com'
    """
    local, _, domain = address.casefold().rpartition("@")
    plain = local.partition("+")[0].replace(".", "")
    return f"{plain}@{_SAME_PROVIDER.get(domain, domain)}"


def counted_domain(address: str) -> str | None:
    """Return the domain that sign-ups are counted by; None for a public provider.

    The subdomains of an organisation count together: the last two labels of a domain, or three
    where the second is a short one below a country, as in ``example.co.uk``.

    Examples
    --------
    >>> counted_domain("ada@mail.example.org"), counted_domain("ada@a.example.co.uk")
    ('example.org', 'example.co.uk')
    """
    domain = address.casefold().rpartition("@")[2]
    if domain in _PUBLIC_PROVIDERS:
        return None
    labels = domain.split(".")
    is_short = len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3
    return ".".join(labels[-3:] if is_short else labels[-2:])


def wide_network(address: str) -> str:
    """Return the network that sign-ups are counted by: /24 of IPv4, /48 of IPv6.

    Examples
    --------
    >>> wide_network("192.0.2.7"), wide_network("2001:db8:1:2::")
    ('192.0.2.0', '2001:db8:1::')
    """
    return network(address, ipv4_bits=24, ipv6_bits=48)


def free_caps(subscriptions: int) -> Caps:
    """Return the caps up to which a confirmation is mailed without a proof of work.

    Parameters
    ----------
    subscriptions : int
        Subscriptions of the library, unconfirmed ones included: a large newspaper has more
        sign-ups an hour.
    """
    in_all = max(_FREE_IN_ALL, subscriptions // _SUBSCRIPTIONS_PER_FREE_SIGNUP)
    return Caps(_FREE_OF_NETWORK, _FREE_TO_DOMAIN, in_all)


def proven_caps(subscriptions: int) -> Caps:
    """Return the caps up to which a proof of work has a confirmation mailed at once, not later."""
    free = free_caps(subscriptions)
    return Caps(
        _PROVEN_TIMES_FREE * free.of_network,
        _PROVEN_TIMES_FREE * free.to_domain,
        _PROVEN_TIMES_FREE * free.in_all,
    )


def waits_until(last_waiting: datetime | None, now: datetime) -> datetime | None:
    """Return when a confirmation that has to wait is mailed; None if the queue is full.

    Parameters
    ----------
    last_waiting : datetime or None
        When the last one in the queue is mailed; None if it is empty.
    now : datetime
        Aware UTC.

    Returns
    -------
    datetime or None
        Three minutes after the last, at most six hours from now: about 120 wait at most.
    """
    at = max(last_waiting or now, now) + _WAITING_EVERY
    return at if at <= now + LONGEST_WAIT else None
