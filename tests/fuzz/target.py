"""Fuzz one parser with atheris in this process; run.py starts this module.

    python -m tests.fuzz.target NAME FOLDER SECONDS

Each finding is appended to ``findings.jsonl`` in the folder, and its input is written to a file.
"""

import importlib
import json
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

# Packages whose code coverage guides the fuzzer.
_INSTRUMENTED = ["broadsheet", "bibtexparser", "rispy"]
_MAX_INPUT_S = 2.0
# libFuzzer ends the process after this time.
_TIMEOUT_S = 30
_MAX_BYTES = 8192
_MAX_MB = 2048
_MAX_WORD_BYTES = 40
_MAX_CHARS = 300
FINDINGS = "findings.jsonl"


@dataclass(frozen=True, slots=True)
class Finding:
    """An input that fails.

    Parameters
    ----------
    kind : str
        Name of the exception, or ``slow``.
    location : str
        Last line of Broadsheet in the traceback.
    message : str
        Text of the exception, or the time taken.
    input : str
        Name of the file with the input.
    """

    kind: str
    location: str
    message: str
    input: str


class FuzzTarget:
    """Runs inputs and records each kind of finding once.

    Parameters
    ----------
    run : callable
        The parser.
    folder : Path
        Folder for the findings.
    """

    def __init__(self, run: Callable[[bytes], object], folder: Path) -> None:
        self._run = run
        self._folder = folder
        self._known: set[tuple[str, str]] = set()

    def __call__(self, data: bytes) -> None:
        """Run one input."""
        began_s = time.thread_time()
        try:
            self._run(data)
        except Exception as error:
            self._record(data, type(error).__name__, _location(error), str(error))
            return
        took_s = time.thread_time() - began_s
        if took_s > _MAX_INPUT_S:
            self._record(data, "slow", "", f"it took {took_s:.1f} s")

    def _record(self, data: bytes, kind: str, location: str, message: str) -> None:
        if (kind, location) in self._known:
            return
        self._known.add((kind, location))
        name = f"input-{len(self._known)}"
        (self._folder / name).write_bytes(data)
        found = Finding(kind, location, ascii(message)[:_MAX_CHARS], name)
        with (self._folder / FINDINGS).open("a") as lines:
            lines.write(json.dumps(asdict(found)) + "\n")


def _location(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/broadsheet/" in frame.filename] or frames
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno}"


def _write_corpus(folder: Path, inputs: list[bytes], words: list[str]) -> tuple[Path, Path]:
    corpus, dictionary = folder / "corpus", folder / "words"
    corpus.mkdir()
    for number, data in enumerate(inputs):
        (corpus / f"input-{number}").write_bytes(data)
    encoded = (word.encode("utf-8", "replace")[:_MAX_WORD_BYTES] for word in words)
    lines = ('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"' for word in encoded)
    dictionary.write_text("\n".join(lines) + "\n")
    return corpus, dictionary


def main() -> None:
    """Fuzz one parser for some seconds."""
    name, folder, seconds = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=_INSTRUMENTED):
        parsers = importlib.import_module("tests.fuzz.parsers")
    parser = parsers.all_parsers()[name]
    corpus, dictionary = _write_corpus(folder, list(parser.inputs), list(parser.corpus.words))
    arguments = [
        name,
        str(corpus),
        f"-dict={dictionary}",
        f"-artifact_prefix={folder}/",
        f"-max_total_time={seconds}",
        f"-max_len={_MAX_BYTES}",
        f"-timeout={_TIMEOUT_S}",
        f"-rss_limit_mb={_MAX_MB}",
        "-print_final_stats=1",
    ]
    atheris.Setup(arguments, FuzzTarget(parser.run, folder))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
