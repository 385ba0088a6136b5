import sqlite3

import pytest
from typer.testing import CliRunner

from broadsheet.cli import app
from broadsheet.errors import ConfigError, NotFoundError, StoreError
from broadsheet.library import Library
from tests.conftest import NOW


def test_a_token_is_known_by_what_is_sent(empty_library: Library) -> None:
    secret = empty_library.tokens.make("ada")
    assert len(secret) > 40
    assert empty_library.tokens.holder(secret) == "ada"
    for other in ("", "ada", secret[:-1], f"{secret} ", "\ud800", "'; DROP TABLE tokens"):
        assert empty_library.tokens.holder(other) is None


def test_what_is_sent_is_kept_nowhere(empty_library: Library) -> None:
    secret = empty_library.tokens.make("ada")
    for path in empty_library.settings.data.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes()
    with sqlite3.connect(empty_library.settings.data / "library.sqlite3") as database:
        ((digest,),) = database.execute("SELECT digest FROM tokens")
    database.close()
    assert len(digest) == 64


def test_a_revoked_token_is_known_no_more(empty_library: Library) -> None:
    ada, bo = (empty_library.tokens.make(name) for name in ("ada", "bo"))
    empty_library.tokens.revoke("ada")
    assert empty_library.tokens.holder(ada) is None
    assert empty_library.tokens.holder(bo) == "bo"
    with pytest.raises(NotFoundError, match="no token named 'ada'"):
        empty_library.tokens.revoke("ada")


def test_two_tokens_are_never_of_one_name(empty_library: Library) -> None:
    first = empty_library.tokens.make("ada")
    with pytest.raises(StoreError, match="revoke that one first"):
        empty_library.tokens.make("ada")
    assert empty_library.tokens.holder(first) == "ada"


@pytest.mark.parametrize("name", ["", "-x", "a b", "a\n", "a/b", "é", "\ud800", "a" * 65, "[b]"])
def test_a_name_is_of_plain_letters(empty_library: Library, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot name a token"):
        empty_library.tokens.make(name)


def test_the_tokens_are_listed_by_name(empty_library: Library) -> None:
    for name in ("bo", "ada"):
        empty_library.tokens.make(name)
    listed = [(one.name, one.created_at) for one in empty_library.tokens.every()]
    assert listed == [("ada", NOW), ("bo", NOW)]


def test_the_command_makes_lists_and_revokes(empty_library: Library) -> None:
    def run(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, ["token", *words, "--data", str(data)])
        assert done.exit_code == code
        return done.stdout

    data = empty_library.settings.data
    secret = run("ada").strip()
    assert empty_library.tokens.holder(secret) == "ada"
    assert "ada" in run("--list")
    assert secret not in run("--list", "--json")
    run("ada", "--revoke")
    assert empty_library.tokens.holder(secret) is None
    for wrong in ((), ("ada", "--list"), ("--list", "--revoke")):
        run(*wrong, code=2)
