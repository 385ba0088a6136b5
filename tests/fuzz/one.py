"""One parser tried by atheris in this process, which ends with it; run.py starts this.

    python -m tests.fuzz.one NAME FOLDER SECONDS

What was found is written to the folder as it is found: a line in ``findings.jsonl``, and the input
in a file.
"""

import importlib
import json
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

# What is instrumented, so that the fuzzer sees which inputs lead to new places.
_WATCHED = ["broadsheet", "bibtexparser", "rispy"]
_LONGEST_S = 2.0
# A parser that has not come back by then is ended from outside.
_STUCK_S = 30
_MOST_BYTES = 8192
_MOST_MB = 2048
_WORD_BYTES = 40
_SHOWN_CHARS = 300
FINDINGS = "findings.jsonl"


@dataclass(frozen=True, slots=True)
class Finding:
    """What an input did that no input may do.

    Parameters
    ----------
    what : str
        The exception, or ``slow``.
    where : str
        The last line of Broadsheet's that it passed through.
    told : str
        The exception's text, or how long it took.
    input : str
        Name of the file that holds the input.
    """

    what: str
    where: str
    records: str
    input: str


class Trial:
    """Tries inputs, and notes each kind of finding once.

    Parameters
    ----------
    take : callable
        The parser.
    folder : Path
        Where findings are written.
    """

    def __init__(self, take: Callable[[bytes], object], folder: Path) -> None:
        self._take = take
        self._folder = folder
        self._known: set[tuple[str, str]] = set()

    def __call__(self, data: bytes) -> None:
        """Try one input."""
        began_s = time.thread_time()
        try:
            self._take(data)
        except Exception as error:
            self._note(data, type(error).__name__, _where(error), str(error))
            return
        took_s = time.thread_time() - began_s
        if took_s > _LONGEST_S:
            self._note(data, "slow", "", f"it took {took_s:.1f} s")

    def _note(self, data: bytes, what: str, where: str, told: str) -> None:
        if (what, where) in self._known:
            return
        self._known.add((what, where))
        name = f"input-{len(self._known)}"
        (self._folder / name).write_bytes(data)
        found = Finding(what, where, ascii(told)[:_SHOWN_CHARS], name)
        with (self._folder / FINDINGS).open("a") as lines:
            lines.write(json.dumps(asdict(found)) + "\n")


def _where(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/broadsheet/" in frame.filename] or frames
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno}"


def _write_corpus(folder: Path, starts: list[bytes], words: list[str]) -> tuple[Path, Path]:
    corpus, dictionary = folder / "corpus", folder / "words"
    corpus.mkdir()
    for number, data in enumerate(starts):
        (corpus / f"start-{number}").write_bytes(data)
    written = (word.encode("utf-8", "replace")[:_WORD_BYTES] for word in words)
    lines = ('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"' for word in written)
    dictionary.write_text("\n".join(lines) + "\n")
    return corpus, dictionary


def main() -> None:
    """Try one parser for some seconds."""
    name, folder, seconds = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=_WATCHED):
        parsers = importlib.import_module("tests.fuzz.parsers")
    parser = parsers.every_parser()[name]
    corpus, dictionary = _write_corpus(folder, list(parser.starts), list(parser.soil.words))
    arguments = [
        name,
        str(corpus),
        f"-dict={dictionary}",
        f"-artifact_prefix={folder}/",
        f"-max_total_time={seconds}",
        f"-max_len={_MOST_BYTES}",
        f"-timeout={_STUCK_S}",
        f"-rss_limit_mb={_MOST_MB}",
        "-print_final_stats=1",
    ]
    atheris.Setup(arguments, Trial(parser.take, folder))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
