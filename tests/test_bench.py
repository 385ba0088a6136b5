"""The benches run on small collections and print figures of the documented form."""

import gzip
import importlib
import importlib.util
import json
import math
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

BENCH = Path(__file__).parents[1] / "bench"
_SUBJECTS = ("kites", "lanterns", "rivers", "bridges", "orchards")
_MANNERS = ("Measuring", "Teaching", "Painting", "Weighing")
_LIBRARIES = {"bm25s": "bm25s", "lancedb": "lancedb", "qdrant": "qdrant_edge"}


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module of judgements and measures."""
    return _module("judged", monkeypatch)


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """Twenty papers, two of them of one title, and three queries, two of them awkward to read."""
    folder = tmp_path / "valley"
    folder.mkdir()
    _zip(folder / "corpus.jsonl.gz", _records("_id", "text"))
    _judge(
        folder,
        {
            "plain": "measuring kites in spring",
            "quoted": 'why "teaching lanterns": (a study) -- or not?',
            "twin": "on the growth of valleys",
        },
        {
            "plain": {"2603.00000": 1},
            "quoted": {"2603.00006": 1, "2603.00000": 0},
            "twin": {"2603.00018": 1, "2603.00019": 1},
        },
    )
    return folder


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """Fifty papers as an arXiv dump."""
    file = tmp_path / "dump.jsonl.gz"
    _zip(file, _records("id", "abstract", many=50))
    return file


def test_quality_measures_every_mode_and_every_engine_that_is_there(collection: Path) -> None:
    peers = ["bm25s", "fts5", "tantivy", "lancedb", "qdrant"]
    ran = _run("quality.py", collection, "--json", "--no-minilm", "--peers", *peers)
    (figures,) = json.loads(ran.stdout).values()
    missing = {peer for peer, library in _LIBRARIES.items() if not _installed(library)}
    assert {"hybrid", "lexical", "semantic", *peers} - missing <= figures.keys()
    assert all(f"{peer} is skipped" in ran.stderr for peer in missing)
    for row in figures.values():
        assert row.keys() == {"nDCG@10", "R@100"}
        assert all(0 <= value <= 1 for value in row.values())
    assert figures["lexical"] == {"nDCG@10": 1.0, "R@100": 1.0}


def test_quality_measures_reranking(collection: Path) -> None:
    ran = _run(
        "quality.py", collection, "--json", "--no-minilm", "--peers", "--rerank", "50", "100"
    )
    rows = json.loads(ran.stdout)["valley"]
    if _installed("onnxruntime"):
        assert {"hybrid", "hybrid+refine 50%", "hybrid+refine 100%"} <= rows.keys()
    else:
        assert "reranking is skipped" in ran.stderr


def test_quality_prints_a_table_named_after_the_folder(collection: Path) -> None:
    ran = _run("quality.py", collection, "--no-minilm", "--peers")
    assert "valley" in ran.stdout
    assert "hybrid" in ran.stdout


def test_quality_takes_documents_that_lie_elsewhere(collection: Path, tmp_path: Path) -> None:
    (collection / "corpus.jsonl.gz").unlink()
    records = _records("id", "abstract")
    _zip(tmp_path / "most.jsonl.gz", records[:12])
    _zip(tmp_path / "rest.jsonl.gz", _records("_id", "text")[12:])
    files = tmp_path / "most.jsonl.gz", tmp_path / "rest.jsonl.gz"
    ran = _run("quality.py", collection, "--corpus", *files, "--json", "--no-minilm", "--peers")
    assert json.loads(ran.stdout)["valley"]["lexical"]["R@100"] == 1.0


def test_quality_accepts_documents_without_a_title(collection: Path) -> None:
    corpus = collection / "corpus.jsonl.gz"
    records = [json.loads(line) for line in gzip.decompress(corpus.read_bytes()).splitlines()]
    for record in records[:3]:
        record["text"] = f"{record['title']} {record['text']}"
        record["title"] = ""
    records.append({"_id": "empty", "title": "", "text": ""})
    _zip(corpus, records)
    ran = _run("quality.py", collection, "--json", "--no-minilm", "--peers")
    assert "4 documents without a title" in ran.stderr
    assert json.loads(ran.stdout)["valley"]["lexical"]["R@100"] == 1.0


def test_quality_names_the_file_that_is_missing(collection: Path) -> None:
    (collection / "corpus.jsonl.gz").unlink()
    ran = _run("quality.py", collection, fails=True)
    assert "corpus.jsonl.gz" in ran.stderr
    assert "--corpus" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_latency_measures_ours_and_others_at_each_size(dump: Path) -> None:
    options = ["--sizes", "20,all", "--each", "2", "--peers", "fts5", "lancedb", "--json"]
    ran = _run("latency.py", dump, *options)
    sizes = json.loads(ran.stdout)["sizes"]
    assert sizes.keys() == {"20", "50"}
    for figures in sizes.values():
        assert {"broadsheet", "broadsheet-http", "fts5"} <= figures.keys()
        for row in figures.values():
            wanted = {"p50_ms", "p95_ms", "p99_ms", "index_s", "disk_mb", "rss_mb", "found_at_10"}
            assert wanted <= row.keys()
            assert 0 < row["p50_ms"] <= row["p95_ms"] <= row["p99_ms"]
        assert figures["broadsheet"]["found_at_10"] == figures["broadsheet-http"]["found_at_10"] > 0
    assert _installed("lancedb") or "lancedb is skipped" in ran.stderr


def test_scan_and_graph_are_compared_at_each_size(dump: Path) -> None:
    ran = _run("nearest.py", dump, "--sizes", "40,120", "--json")
    sizes = json.loads(ran.stdout)
    assert sizes.keys() == {"40", "120"}
    for row in sizes.values():
        assert row["found"] > 0.9
        assert min(row["scan_ms"], row["graph_ms"], row["graph_s"], row["graph_mb"]) > 0


def test_a_days_papers_are_found_while_another_process_asks(dump: Path) -> None:
    ran = _run("day.py", dump, "--day", "10", "--alone", "0.5", "--json")
    figures = json.loads(ran.stdout)
    assert (figures["papers"], figures["day"]) == (50, 10)
    assert 0 < figures["stored_s"] < figures["searchable_s"]
    assert 0 < figures["alone_p50_ms"] <= figures["alone_max_ms"]
    assert figures["meanwhile_p50_ms"] > 0


def test_taking_papers_in_is_measured_the_first_time_and_again(dump: Path) -> None:
    figures = json.loads(_run("ingest.py", dump, "--json").stdout)
    assert figures["papers"] == 50
    assert min(figures["papers_per_s"], figures["rss_mb"], figures["again_s"]) > 0
    assert figures["oai_records_per_s"] > 0
    assert figures["peers"]["sqlite3 (limit)"]["papers"] == 50
    assert "broadsheet again" in _run("ingest.py", dump).stdout


def test_the_growth_is_drawn_with_every_engine_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    row = {"p50_ms": 2.0, "p99_ms": 9.0, "found_at_10": 0.9}
    engines = {"broadsheet": row, "broadsheet-http": row, "fts5": row | {"p50_ms": 30.0}}
    drawn = tmp_path / "growth.svg"
    _module("picture", monkeypatch).draw_growth({"10": engines, "1000": engines}, drawn)
    text = drawn.read_text(encoding="utf-8")
    assert all(f">{engine}<" in text for engine in engines)
    assert "1,000" in text


def test_the_same_seed_draws_the_same_queries(
    judged: ModuleType, dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = _module("questions", monkeypatch)
    papers = list(judged.read_documents(dump))
    drawn = questions.draw(papers, 1, each=5)
    assert drawn == questions.draw(papers, 1, each=5)
    assert drawn != questions.draw(papers, 2, each=5)
    assert {question.kind for question in drawn} == questions.KINDS.keys()
    for question in drawn:
        paper = papers[question.row]
        text = f"{paper.title} {paper.text}".lower()
        assert all(word.lower() in text for word in question.text.split())


def test_gains_count_less_the_further_down_they_stand(judged: ModuleType) -> None:
    gains = {"a": 3, "b": 1, "c": 0}
    assert judged.ndcg(["a", "b"], gains) == 1.0
    found = (1 / math.log2(2) + 3 / math.log2(4)) / (3 / math.log2(2) + 1 / math.log2(3))
    assert judged.ndcg(["b", "c", "a"], gains) == pytest.approx(found)
    assert judged.ndcg(["c"] * 10 + ["a"], gains) == 0.0
    assert judged.ndcg(["a"], {"a": 0}) == 0.0


def test_recall_counts_the_documents_with_a_gain(judged: ModuleType) -> None:
    assert judged.recall(["a", "c"], {"a": 2, "b": 1, "c": 0}) == 0.5
    assert judged.recall([], {"a": 0}) == 0.0


@given(st.dictionaries(st.sampled_from("abcdefghijklmnop"), st.integers(0, 3)), st.data())
def test_no_ranking_beats_the_order_of_the_gains(
    gains: dict[str, int], data: st.DataObject
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        judged = _module("judged", patch)
    found = data.draw(st.permutations(sorted(gains)))
    best = sorted(gains, key=lambda name: -gains[name])
    assert 0.0 <= judged.ndcg(found, gains) <= judged.ndcg(best, gains) + 1e-9
    assert judged.ndcg(best, gains) == pytest.approx(1.0 if any(gains.values()) else 0.0)


def _module(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCH)
    return importlib.import_module(name)


def _installed(library: str) -> bool:
    return importlib.util.find_spec(library) is not None


def _run(
    script: str, *arguments: str | Path, fails: bool = False
) -> "subprocess.CompletedProcess[str]":
    ran = subprocess.run(
        [sys.executable, BENCH / script, *arguments], capture_output=True, text=True
    )
    assert bool(ran.returncode) == fails, ran.stderr
    return ran


def _records(name: str, text: str, many: int = 20) -> list[dict[str, str]]:
    """Invent papers of different titles, but for the 19th and the 20th, which share theirs."""
    records = []
    for number in range(many):
        manner, subject = _MANNERS[number // 5 % 4], _SUBJECTS[number % 5]
        title = f"{manner} {subject} in spring {number}"
        opening = f"We look at {subject} through spring number {number} and see them drift slowly."
        records.append(
            {
                name: f"2603.{number:05}",
                "title": "On the growth of valleys" if number in (18, 19) else title,
                text: f"{opening} The wind of valley {number} turned twice before harvest.",
            }
        )
    return records


def _judge(folder: Path, queries: dict[str, str], gains: dict[str, dict[str, int]]) -> None:
    _zip(
        folder / "queries.jsonl.gz", [{"_id": name, "text": text} for name, text in queries.items()]
    )
    lines = ["query-id\tcorpus-id\tscore"]
    for query, of in gains.items():
        lines += [f"{query}\t{name}\t{gain}" for name, gain in of.items()]
    with gzip.open(folder / "qrels.test.tsv.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def _zip(file: Path, records: Sequence[dict[str, str]]) -> None:
    with gzip.open(file, "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps(record) + "\n" for record in records)


def test_each_fault_is_a_row_of_the_documented_table(monkeypatch: pytest.MonkeyPatch) -> None:
    table = (BENCH.parent / "docs" / "reliability.md").read_text()
    missing = [name for name in _module("faults", monkeypatch).ROWS if f"`{name}`" not in table]
    assert missing == []
