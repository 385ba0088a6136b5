"""Mail servers that fail, and many processes that send at once."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from broadsheet.config import load_settings
from broadsheet.library import Library
from fault_rows.relay import FAULTS, PHASES, Relay
from fault_rows.site import (
    SUBSCRIBERS,
    Outcome,
    Row,
    command,
    copy_library,
    environment,
    mails_by_state,
    serve,
)

_RETRIES = 10


def _faulty(fault: str) -> Row:
    def row(data: Path) -> Outcome:
        outcome = Outcome()
        with ThreadPoolExecutor(len(PHASES)) as pool:
            folders = [copy_library(data, data.with_name(f"{data.name}-{p}")) for p in PHASES]
            found = list(
                pool.map(lambda pair: _send_to(fault, *pair), zip(PHASES, folders, strict=True))
            )
        outcome.meanwhile = "; ".join(each.meanwhile for each in found)
        for each in found:
            outcome.problems += each.problems
        outcome.lost = ", ".join(each.lost for each in found if each.lost != "nothing") or "nothing"
        doubled = [each.doubled for each in found if each.doubled != "nothing"]
        outcome.doubled = ", ".join(doubled) or "nothing"
        return outcome

    return row


def _send_to(fault: str, phase: str, data: Path) -> Outcome:
    """Send to a mail server with a fault, then to the same without it, as time passes."""
    outcome, now = Outcome(), datetime.now(UTC)
    with Relay(fault, phase) as relay:
        settings = load_settings({"data": data}, environment={"BROADSHEET_SMTP": relay.url})
        with Library(settings, clock=lambda: now) as library:
            first = library.outbox.send_due()
            during = _states(data)
            relay.fault = None
            for _ in range(_RETRIES):
                now += timedelta(hours=7)
                library.outbox.send_due()
        after = _states(data)
        received = sum(relay.received.values())
        twice = sum(count - 1 for count in relay.received.values())
        sent, unknown, failed = (after.get(state, 0) for state in ("sent", "unknown", "failed"))
        outcome.meanwhile = f"at {phase}: {_shown(during)}, afterwards {_shown(after)}"
        outcome.check(sent + unknown + failed == SUBSCRIBERS, f"{phase}: {after}")
        outcome.check(sent <= received <= sent + unknown, f"{phase}: {received} received, {after}")
        outcome.check(not twice, f"{phase}: {twice} mails received twice")
        outcome.check(first.sent + first.retrying + first.failed + first.unknown > 0, "no report")
        # A refusal is final; only a fault after the content leaves a doubt.
        outcome.check(failed == 0 or fault == "refuse", f"{phase}: {failed} failed")
        outcome.check(unknown == 0 or phase == "data", f"{phase}: {unknown} unknown")
        if twice:
            outcome.doubled = f"{twice} mails"
        if received < sent:
            outcome.lost = f"{sent - received} mails"
    return outcome


def _states(data: Path) -> dict[str, int]:
    """Count the digests by state; the confirmations were sent before."""
    states = mails_by_state(data)
    states["sent"] = states.get("sent", 0) - SUBSCRIBERS
    return {state: count for state, count in states.items() if count}


def _shown(states: dict[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in states.items())


def _many_senders(data: Path) -> Outcome:
    """Run two servers and three `send` on one library at once."""
    outcome = Outcome()
    with Relay("slow", "none") as relay, ExitStack() as stack:
        settings = {"BROADSHEET_SMTP": relay.url}
        senders = [
            subprocess.Popen(
                command(data, "send"),
                env=environment(**settings),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for _ in range(3)
        ]
        servers = [stack.enter_context(serve(data, **settings)) for _ in range(2)]
        codes = [sender.wait(120) for sender in senders]
        servers[0].wait_for(lambda: set(_states(data)) == {"sent"})
        outcome.meanwhile = "; ".join(server.statuses() for server in servers)
        outcome.check(codes == [0, 0, 0], f"the commands ended with {codes}")
        counted = {"mails": sum(relay.received.values())}
        outcome.compare({"mails": SUBSCRIBERS}, counted)
        outcome.check(len(relay.received) == SUBSCRIBERS, "a reader has no mail")
        outcome.check(_states(data) == {"sent": SUBSCRIBERS}, f"states {_states(data)}")
    return outcome


ROWS: dict[str, tuple[str, Row]] = {
    "many-senders": ("two servers and three `send` on one library", _many_senders),
    **{f"relay-{fault}": (f"a mail server that does {fault}", _faulty(fault)) for fault in FAULTS},
}
