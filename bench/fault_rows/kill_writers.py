"""Kills of the commands that hand something to a person: tokens, mails, pages."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from broadsheet.config import load_settings
from broadsheet.library import Library
from fault_rows import contents
from fault_rows.killing import Killed, joined_outcomes, kill, kill_copies, measure
from fault_rows.kills import a_paper
from fault_rows.relay import Relay
from fault_rows.site import (
    SUBSCRIBERS,
    Outcome,
    Row,
    command,
    copy_library,
    counts,
    environment,
    mails_by_state,
    run,
    serve,
)

_UP_KILLS, _UP_S = 3, 120.0
_SECRET = re.compile(r"broadsheet_\S+")


def _token(data: Path) -> Outcome:
    """Kill `token`: a token is stored or absent, and one that was printed is valid."""
    once = copy_library(data, data.with_name(f"{data.name}-once"))
    work_s = measure(once, ["token", "ada"]).work_s

    def check(outcome: Outcome, killed: Killed) -> None:
        stored, secret = _tokens(killed.data), _SECRET.search(killed.printed)
        outcome.check(stored in ([], ["ada"]), f"tokens {stored}")
        outcome.check(secret is None or _is_valid(killed.data, secret[0]), "one printed is invalid")
        if stored and secret is None:
            # Stored and not printed: the operator revokes it by its name.
            run(killed.data, "token", "ada", "--revoke")
        if secret is None:
            secret = _SECRET.search(run(killed.data, "token", "ada").stdout)
        outcome.check(secret is not None and _is_valid(killed.data, secret[0]), "no valid token")
        outcome.check(_tokens(killed.data) == ["ada"], f"tokens {_tokens(killed.data)}")
        contents.check_library(outcome, killed.data)

    return kill_copies(data, work_s, lambda copy, s: kill(copy, ["token", "ada"], s), check)


def _tokens(data: Path) -> list[str]:
    with Library(load_settings({"data": data}, environment={})) as library:
        return [token.name for token in library.tokens.all()]


def _is_valid(data: Path, secret: str) -> bool:
    with Library(load_settings({"data": data}, environment={})) as library:
        return library.tokens.name_of(secret) == "ada"


def _send_to_folder(data: Path) -> Outcome:
    """Kill `send` while it writes mails to the folder: each is there once, and known as sent."""
    once = copy_library(data, data.with_name(f"{data.name}-once"))
    work_s = measure(once, ["send"]).work_s

    def check(outcome: Outcome, killed: Killed) -> None:
        run(killed.data, "send")
        mails = list((killed.data / "outbox").glob("*.eml"))
        outcome.compare({"mails": SUBSCRIBERS}, {"mails": len(mails)})
        outcome.check(len({_message_id(mail) for mail in mails}) == len(mails), "a mail is doubled")
        states = mails_by_state(killed.data)
        confirmations = SUBSCRIBERS
        outcome.check(states == {"sent": SUBSCRIBERS + confirmations}, f"states {states}")
        contents.check_library(outcome, killed.data)

    return kill_copies(data, work_s, lambda copy, s: kill(copy, ["send"], s), check)


def _send_to_relay(data: Path) -> Outcome:
    """Kill `send` while it sends to a relay: nothing twice, at most one delivery unknown."""
    unknown: Counter[int] = Counter()

    def once_killed(copy: Path, delay_s: float) -> Killed:
        relay = relays[copy] = Relay()
        relay.__enter__()
        return kill(copy, ["send"], delay_s, BROADSHEET_SMTP=relay.url)

    def check(outcome: Outcome, killed: Killed) -> None:
        relay = relays[killed.data]
        run(killed.data, "send", BROADSHEET_SMTP=relay.url)
        relay.__exit__(None, None, None)
        states = mails_by_state(killed.data)
        sent, left = states.get("sent", 0) - SUBSCRIBERS, states.get("unknown", 0)
        received, twice = len(relay.received), relay.received.total() - len(relay.received)
        unknown[left] += 1
        outcome.check(not twice, f"{twice} mails received twice")
        outcome.check(sent + left == SUBSCRIBERS, f"states {states}")
        outcome.check(sent <= received <= sent + left, f"{received} received, states {states}")
        outcome.check(left <= 1, f"{left} unknown")
        outcome.lost = f"{sent - received} mails" if received < sent else "nothing"
        outcome.doubled = f"{twice} mails" if twice else "nothing"
        contents.check_library(outcome, killed.data)

    relays: dict[Path, Relay] = {}
    once = copy_library(data, data.with_name(f"{data.name}-once"))
    with Relay() as relay:
        work_s = measure(once, ["send"], BROADSHEET_SMTP=relay.url).work_s
    outcome = kill_copies(data, work_s, once_killed, check)
    outcome.meanwhile += f"1 delivery is unknown after {unknown[1]} of them, 0 after {unknown[0]}"
    return outcome


def _message_id(mail: Path) -> bytes:
    lines = mail.read_bytes().splitlines()
    return next(line for line in lines if line.lower().startswith(b"message-id"))


def _served(data: Path) -> Outcome:
    """Kill the supervisor of servers while they send and right after a vote."""
    outcome, before = Outcome(), counts(data)
    votes = 0
    for _ in range(4):
        with serve(data) as server:
            # Each vote without a cookie is of a new reader.
            votes += server.request("POST", f"/papers/{a_paper(data)}/vote", "on=1")[0] == 303
            server.process.kill()
            server.process.wait()
            closed_s = server.wait_for(lambda: server.status("/healthz", 2) == 0, 20)
            outcome.check(closed_s is not None, "its processes go on without it")
    with serve(data) as server:
        outcome.check(server.status("/") == 200, "the front page is not served")
        outcome.check(server.status("/search?q=attention") == 200, "search is not served")
        server.wait_for(lambda: set(mails_by_state(data)) == {"sent"})
    after, mails = counts(data), len(list((data / "outbox").glob("*.eml")))
    outcome.meanwhile = f"killed 4 times; {votes} votes accepted before"
    outcome.compare(
        {"papers": before["papers"], "readers": before["readers"] + votes, "mails": SUBSCRIBERS},
        {"papers": after["papers"], "readers": after["readers"], "mails": mails},
    )
    outcome.check(votes == 4, f"{votes} of 4 votes accepted")
    contents.check_library(outcome, data)
    return outcome


def _up(data: Path) -> Outcome:
    """Kill `up` in an empty folder while it imports, indexes and publishes; then start it again."""
    papers = counts(data)["papers"]
    shutil.rmtree(data)
    taken_s = _start_up(Outcome(), data.with_name(f"{data.name}-once"), None)
    outcomes, at_work = [], 0
    for number in range(_UP_KILLS):
        outcome, folder = Outcome(), data.with_name(f"{data.name}-{number}")
        # The first part is the start of Python, before there is a library.
        delay_s = taken_s * (0.25 + 0.7 * number / _UP_KILLS)
        at_work += _start_up(outcome, folder, delay_s) < taken_s
        existed = (folder / "library.sqlite3").exists()
        outcome.check(existed, "it was killed before there was a library")
        _start_up(outcome, folder, None)
        found = counts(folder)
        outcome.compare(
            {"papers": papers, "editions": 1},
            {"papers": found["papers"], "editions": found["editions"]},
        )
        contents.check_library(outcome, folder)
        outcome.check(contents.found(folder)[0] > 0, "search finds nothing")
        outcomes.append(outcome)
    joined = joined_outcomes(outcomes)
    joined.meanwhile = f"{at_work} of {_UP_KILLS} kills at work ({taken_s:.1f} s)"
    return joined


def _start_up(outcome: Outcome, data: Path, kill_after_s: float | None) -> float:
    """Run `up` until its pages are open, or until it is killed; return the time."""
    process = subprocess.Popen(
        command(data, "up", "--port", "0", "--processes", "2"),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    started = time.monotonic()
    assert process.stdout is not None
    if kill_after_s is None:
        line = process.stdout.readline()
        outcome.check("http://" in line, "up does not start")
        taken_s = time.monotonic() - started
    else:
        time.sleep(kill_after_s)
        taken_s = kill_after_s
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM if kill_after_s is None else signal.SIGKILL)
    rest = process.communicate(timeout=_UP_S)[0]
    # A killed `up` that had printed its address was at work no more.
    return _UP_S if kill_after_s is not None and "http://" in rest else taken_s


ROWS: dict[str, tuple[str, Row]] = {
    "kill-token": ("token killed", _token),
    "kill-send": ("send killed, mails go to the folder", _send_to_folder),
    "kill-send-smtp": ("send killed, mails go to a relay", _send_to_relay),
    "kill-serve": ("serve killed while mailing and after votes", _served),
    "kill-up": ("up killed in an empty folder", _up),
}
