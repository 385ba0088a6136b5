"""API tokens are created once, verified by digest, listed and revoked."""

import sqlite3

import pytest
from typer.testing import CliRunner

from broadsheet.cli import app
from broadsheet.errors import ConfigError, NotFoundError, StoreError
from broadsheet.library import Library
from tests.conftest import NOW


def test_a_secret_is_verified_and_anything_else_is_rejected(empty_library: Library) -> None:
    secret = empty_library.tokens.create("ada")
    assert len(secret) > 40
    assert empty_library.tokens.name_of(secret) == "ada"
    for other in ("", "ada", secret[:-1], f"{secret} ", "\ud800", "'; DROP TABLE tokens"):
        assert empty_library.tokens.name_of(other) is None


def test_the_secret_is_not_stored(empty_library: Library) -> None:
    secret = empty_library.tokens.create("ada")
    for path in empty_library.settings.data.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes()
    with sqlite3.connect(empty_library.settings.data / "library.sqlite3") as database:
        ((digest,),) = database.execute("SELECT digest FROM tokens")
    database.close()
    assert len(digest) == 64


def test_a_revoked_token_is_rejected(empty_library: Library) -> None:
    ada, bo = (empty_library.tokens.create(name) for name in ("ada", "bo"))
    empty_library.tokens.revoke("ada")
    assert empty_library.tokens.name_of(ada) is None
    assert empty_library.tokens.name_of(bo) == "bo"
    with pytest.raises(NotFoundError, match="no token named 'ada'"):
        empty_library.tokens.revoke("ada")


def test_token_names_are_unique(empty_library: Library) -> None:
    first = empty_library.tokens.create("ada")
    with pytest.raises(StoreError, match="already exists"):
        empty_library.tokens.create("ada")
    assert empty_library.tokens.name_of(first) == "ada"


@pytest.mark.parametrize("name", ["", "-x", "a b", "a\n", "a/b", "é", "\ud800", "a" * 65, "[b]"])
def test_an_invalid_token_name_is_refused(empty_library: Library, name: str) -> None:
    with pytest.raises(ConfigError, match="invalid token name"):
        empty_library.tokens.create(name)


def test_tokens_are_listed_by_name(empty_library: Library) -> None:
    for name in ("bo", "ada"):
        empty_library.tokens.create(name)
    listed = [(token.name, token.created_at) for token in empty_library.tokens.all()]
    assert listed == [("ada", NOW), ("bo", NOW)]


def test_the_command_creates_lists_and_revokes_tokens(empty_library: Library) -> None:
    def run(*arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, ["token", *arguments, "--data", str(data)])
        assert result.exit_code == code
        return result.stdout

    data = empty_library.settings.data
    secret = run("ada").strip()
    assert empty_library.tokens.name_of(secret) == "ada"
    assert "ada" in run("--list")
    assert secret not in run("--list", "--json")
    run("ada", "--revoke")
    assert empty_library.tokens.name_of(secret) is None
    for arguments in ((), ("ada", "--list"), ("--list", "--revoke")):
        run(*arguments, code=2)
