"""The replay of mornings prints the documented figures and uses nothing later."""

import csv
import gzip
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench"
FIRST = datetime(2026, 2, 2, 7, 49, tzinfo=UTC)
MARKS = {
    "top3_next",
    "top3_later",
    "top10_next",
    "top10_later",
    "ndcg10_gain24",
    "ndcg10_gain72",
}
_COLUMNS = (
    "paper_id",
    "snapshot_utc",
    "upvotes",
    "rank_in_response",
    "list_size",
    "page",
    "num_comments",
    "github_stars",
    "source",
)


def _snapshots(folder: Path, days: int = 4, papers: int = 12, *, spike: bool = False) -> Path:
    """Papers of some mornings, with snapshots of the next day and a week later."""
    path = folder / "upvote_snapshots.csv.gz"
    with gzip.open(path, "wt", encoding="utf-8", newline="") as out:
        rows = csv.DictWriter(out, _COLUMNS)
        rows.writeheader()
        for day in range(days):
            morning = FIRST + timedelta(days=day)
            for number in range(papers):
                paper = f"2602.{day * 100 + number:05}"
                later = 900 if spike and number == 0 else 0
                for at, upvotes, page in (
                    (morning, number, f"daily:{morning:%Y-%m-%d}"),
                    (morning + timedelta(hours=16), 2 * number + later, "daily"),
                    (morning + timedelta(days=7), 3 * number + later, "weekly"),
                ):
                    rows.writerow(
                        {
                            "paper_id": paper,
                            "snapshot_utc": f"{at:%Y-%m-%dT%H:%M:%SZ}",
                            "upvotes": upvotes,
                            "page": page,
                            "list_size": papers,
                        }
                    )
    return path


def _document(path: Path, *options: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, str(BENCH / "trending.py"), str(path), "--json", *options],
        capture_output=True,
        text=True,
        check=True,
    )
    document = json.loads(done.stdout)
    assert isinstance(document, dict)
    return document


def test_every_score_has_every_figure(tmp_path: Path) -> None:
    document = _document(_snapshots(tmp_path))
    scorers = document["scorers"]
    assert document["mornings"] == 4
    assert isinstance(scorers, dict)
    assert list(scorers) == ["broadsheet", "upvotes", "hn", "reddit", "newest", "page_order"]
    assert all(set(marks) == MARKS for marks in scorers.values())
    assert scorers["broadsheet"] == scorers["upvotes"] == dict.fromkeys(MARKS, 1.0)


def test_later_snapshots_change_the_figures_and_not_the_ranking(tmp_path: Path) -> None:
    scorers = _document(_snapshots(tmp_path, spike=True))["scorers"]
    assert isinstance(scorers, dict)
    # The paper with the late gain ranks last that morning, so one of three is missed.
    assert scorers["broadsheet"]["top3_next"] == pytest.approx(2 / 3, abs=1e-4)


def test_without_mornings_to_judge_the_bench_fails(tmp_path: Path) -> None:
    path = _snapshots(tmp_path)
    done = subprocess.run(
        [sys.executable, str(BENCH / "trending.py"), str(path), "--since", "2027-01-01"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "no morning since 2027-01-01" in done.stderr
