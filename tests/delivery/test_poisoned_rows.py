"""Head of line: whatever one row holds, it settles with a reason and the mails behind it go out."""

from collections.abc import Callable, Iterator

import orjson
import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, text

from broadsheet.config import Settings
from broadsheet.delivery import composer
from broadsheet.errors import BusyError
from broadsheet.library import Library
from broadsheet.mail.eml_folder import EmlFolderTransport
from broadsheet.model import DeliveryState
from broadsheet.rules.normalize import make_paper
from tests.conftest import NOW
from tests.mail.conftest import listening

# Changes what is mailed to the subscription with this id.
Poison = Callable[[Connection, int], None]


@pytest.fixture(params=["smtp", "folder"])
def sending(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Library]:
    """A library with an edition of one paper, and no subscriber."""
    with listening() as server:
        smtp = SecretStr(f"smtp://127.0.0.1:{server.port}") if request.param == "smtp" else None
        changes = {"smtp": smtp, "base_url": "http://news.example"}
        with Library(settings.model_copy(update=changes), clock=lambda: NOW) as library:
            day = NOW.date().isoformat()
            library.add("test", [make_paper(title="Kites at dusk", published=day)])
            library.editions.publish()
            yield library


def run(connection: Connection, sql: str, **values: object) -> None:
    connection.execute(text(sql), values)


def enqueue(library: Library, poisons: list[Poison]) -> None:
    """Enqueue one digest for each poison and one behind it, then apply the poisons."""
    count = 2 * len(poisons)
    with library._database.write() as connection:
        for number in range(1, count + 1):
            run(connection, "INSERT INTO readers (created_at) VALUES (:now)", now=str(NOW))
            run(
                connection,
                "INSERT INTO subscriptions (id, reader_id, email, email_key, state, created_at) "
                "SELECT :id, MAX(id), :email, :email, 'confirmed', :now FROM readers",
                id=number,
                email=f"reader{number}@example.org",
                now=str(NOW),
            )
    assert library.outbox.enqueue(library.today) == count
    with library._database._engine.connect() as connection:
        # A damaged file checks no foreign key.
        connection.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")  # type: ignore[union-attr]
        for index, poison in enumerate(poisons):
            poison(connection, 2 * index + 1)
        connection.commit()
        connection.connection.driver_connection.execute("PRAGMA foreign_keys = ON")  # type: ignore[union-attr]


def delivery(column: str, value: object) -> Poison:
    return lambda connection, number: run(
        connection,
        f"UPDATE deliveries SET {column} = :value WHERE subscription_id = :number",
        value=value,
        number=number,
    )


def address(value: object) -> Poison:
    return lambda connection, number: run(
        connection,
        "UPDATE subscriptions SET email = :value WHERE id = :number",
        value=value,
        number=number,
    )


def edition(items: object, expression: str = ":items") -> Poison:
    """Mail a revision with these items."""

    def poison(connection: Connection, number: int) -> None:
        revision = 1_000 + number
        run(
            connection,
            "INSERT INTO editions (span, date, revision, published_at, items) "
            f"SELECT span, date, :revision, published_at, {expression} "
            "FROM editions WHERE revision = 1",
            revision=revision,
            items=items,
        )
        delivery("edition_revision", revision)(connection, number)

    return poison


def paper(**fields: object) -> Poison:
    """Mail a revision whose paper has these fields; SURROGATE stands for a lone one."""

    def poison(connection: Connection, number: int) -> None:
        query = text("SELECT items FROM editions WHERE revision = 1")
        items = orjson.loads(connection.execute(query).scalar_one())
        written = orjson.dumps([{**items[0], **fields}]).decode()
        edition(written.replace("SURROGATE", "\\ud800"))(connection, number)

    return poison


def without_subscription(connection: Connection, number: int) -> None:
    run(connection, "DELETE FROM subscriptions WHERE id = :number", number=number)


UNREADABLE = b"\xff\xfe"
FAILING: dict[str, Poison] = {
    "an encoded word as address": address("=?utf-8?q?x?=@x.example"),
    "an address with a header behind it": address("ada@example.org\r\nBcc: x@y.example"),
    "an address with a NUL": address("ada\0@example.org"),
    "an address that is not text": address(UNREADABLE),
    "an empty address": address(""),
    "an address beyond ASCII": address("äda@example.org"),
    "an address in brackets": address("<ada@example.org>"),
    "a route": address("ada@example.org,bo@example.org"),
    "no subscription": without_subscription,
    "an unknown kind": delivery("kind", "telegram"),
    "a kind that is not text": delivery("kind", UNREADABLE),
    "no edition": delivery("edition_date", None),
    "a revision that does not exist": delivery("edition_revision", 99),
    "a day without edition": delivery("edition_date", "1999-01-01"),
    "a day that is not a date": delivery("edition_date", "Tuesday"),
    "a number of attempts that is not one": delivery("attempts", "many"),
    "a message id that is none": delivery("message_id", "x\r\nBcc: x@y.example"),
    "a message id that is not text": delivery("message_id", UNREADABLE),
    "a time that is none": delivery("settled_at", "soon"),
    "an edition that is not JSON": edition('[{"rank": 1,'),
    "an edition that is not UTF-8": edition(None, "CAST(COALESCE(:items, x'fffe') AS TEXT)"),
    "an edition that is another JSON": edition('{"rank": 1}'),
    "an edition without fields": edition("[{}]"),
    "an edition of numbers": edition("[1, 2]"),
    "an edition with a lone surrogate": paper(title="SURROGATE"),
    "an edition with fields of the wrong type": paper(title=7, authors=None),
    "an edition with an unknown section": paper(section="sport"),
}
# Text of other people that is strange, and no fault of the row.
SENDABLE: dict[str, Poison] = {
    "a NUL in a title": paper(title="Kites\0at dusk"),
    "a header in a title": paper(title="Kites\r\nBcc: x@y.example\r\n\r\n<html>"),
    "an encoded word in a title": paper(title="=?utf-8?q?=0D=0ABcc:_x?="),
    "a title of a million characters": paper(title="kite" * 250_000),
    "a line of a million characters": paper(abstract="x" * 1_000_000),
    "a dot on a line of its own": paper(abstract=".\r\n.\r\nQUIT\r\n"),
    "no title": paper(title=""),
    "links that are none": paper(link="http://[", paper_id="\u202e?#\0"),
    "ten thousand authors": paper(authors=["A\nB"] * 10_000),
}


def test_a_poisoned_row_fails_with_a_reason_and_the_mails_behind_it_are_sent(
    sending: Library,
) -> None:
    names = list(FAILING)
    enqueue(sending, list(FAILING.values()))
    report = sending.outbox.send_due()
    with sending._database.read() as connection:
        rows = connection.execute(text("SELECT state, error FROM deliveries ORDER BY id")).all()
    not_failed = [name for name, row in zip(names, rows[::2], strict=True) if row.state != "failed"]
    assert not_failed == []
    assert [row.state for row in rows[1::2]] == ["sent"] * len(names)
    assert report.sent == len(names)
    for name, row in zip(names, rows[::2], strict=True):
        assert len(row.error) > 20 and row.error.isprintable(), name
    assert sending.outbox.send_due().sent == 0


def test_strange_text_of_a_paper_is_mailed(sending: Library) -> None:
    enqueue(sending, list(SENDABLE.values()))
    assert sending.outbox.send_due().sent == 2 * len(SENDABLE)


def test_a_mail_that_a_busy_database_cannot_compose_is_tried_again_later(
    sending: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> None:
        raise BusyError("cannot read the library (database is locked): try again")

    enqueue(sending, [lambda connection, number: None])
    monkeypatch.setattr(composer, "edition", busy)
    report = sending.outbox.send_due()
    assert (report.sent, report.failed, report.retrying) == (0, 0, 2)


def test_a_claim_that_cannot_be_read_becomes_unknown(sending: Library) -> None:
    def claimed(column: str) -> Poison:
        def poison(connection: Connection, number: int) -> None:
            delivery(column, "x")(connection, number)
            delivery("state", "claimed")(connection, number)
            delivery("claimed_at", "2026-03-11T08:00:00.000000Z")(connection, number)

        return poison

    enqueue(sending, [claimed(column) for column in ("kind", "due_at", "attempts")])
    sending.outbox.send_due()
    assert sending.health().deliveries == {DeliveryState.UNKNOWN: 3, DeliveryState.SENT: 3}


def test_an_undeclared_error_of_the_transport_stops_no_other_mail(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = EmlFolderTransport.send

    def broken(transport: EmlFolderTransport, message: bytes, **envelope: str) -> None:
        if envelope["to"] == "ada@example.org":
            raise KeyError("folder")
        send(transport, message, **envelope)

    library.subscriptions.subscribe("ada@example.org")
    library.subscriptions.subscribe("bo@example.org")
    monkeypatch.setattr(EmlFolderTransport, "send", broken)
    library.outbox.send_due()
    assert library.health().deliveries == {DeliveryState.UNKNOWN: 1, DeliveryState.SENT: 1}
