"""Sign what comes back from outside: links in mails, cookies, puzzles."""

from hashlib import sha256

from itsdangerous import URLSafeSerializer


def signer(secret: str, purpose: str) -> URLSafeSerializer:
    """Return what signs values with HMAC-SHA-256.

    Parameters
    ----------
    secret : str
        The library's secret.
    purpose : str
        What the values are for: a value that was signed for another purpose is invalid.

    Examples
    --------
    >>> signer("secret", "reader").loads(signer("secret", "reader").dumps("ada"))
    'ada'
    """
    # The defaults are SHA-1 and a key that is a plain hash of the secret.
    options = {"key_derivation": "hmac", "digest_method": sha256}
    return URLSafeSerializer(secret, salt=purpose, signer_kwargs=options)
