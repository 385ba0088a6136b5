"""Clocks that jump ahead and back."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from broadsheet.config import load_settings
from broadsheet.library import Library
from broadsheet.serve.jobs import library_jobs
from broadsheet.serve.runner import run_once
from fault_rows.site import SUBSCRIBERS, Outcome, Row, SkippedError, counts, serve

_DAYS = 400


def _jump(data: Path) -> Outcome:
    """Run the jobs now, in 400 days and now again, and start servers under both clocks."""
    outcome, before = Outcome(), counts(data)
    now = datetime.now(UTC)
    settings = load_settings({"data": data, "sources": "none"}, environment={})
    with Library(settings, clock=lambda: now) as library:
        for jump in (0, _DAYS, -_DAYS, 1):
            now += timedelta(days=jump)
            run_once([job for job in library_jobs(library) if job.name != "fetch"])
            again = library.outbox.send_due()
            outcome.check(not again.sent, "mails were sent again")
    faketime = shutil.which("faketime")
    if faketime is None:
        raise SkippedError("needs faketime")
    for days in (_DAYS, -_DAYS):
        with serve(data, prefix=[faketime, "-f", f"{days:+}d"]) as server:
            statuses = server.statuses()
            outcome.meanwhile += f"{days:+} days: {statuses}; "
            outcome.check(" 5" not in statuses and " 0" not in statuses, statuses)
            outcome.check(server.is_alive, "the server ended")
        # faketime leaves them when it is stopped by a signal.
        for kind in ("faketime_shm", "sem.faketime_sem"):
            Path(f"/dev/shm/{kind}_{server.process.pid}").unlink(missing_ok=True)
    after = counts(data)
    names = ("papers", "records", "subscriptions")
    mails = len(list((data / "outbox").glob("*.eml")))
    outcome.compare(
        {**{name: before[name] for name in names}, "mails": SUBSCRIBERS},
        {**{name: after[name] for name in names}, "mails": mails},
    )
    return outcome


ROWS: dict[str, tuple[str, Row]] = {
    "clock": (f"the clock jumps {_DAYS} days ahead and back", _jump),
}
