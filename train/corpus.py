"""The training data: an arXiv dump, its vocabulary, and pairs of a query and a document."""

import gzip
import hashlib
import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

Ids = NDArray[np.uint16]

UNKNOWN = "[UNK]"
MAX_TOKENS = 200
AUTHORS, PAPERS_OF_ONE_TEAM = (2, 20), (2, 20)
TITLE, SPAN, KEYWORDS, HALVES = (
    0.35,
    0.65,
    0.80,
    0.90,
)  # cumulative; the rest: two papers of one team
QUESTION_PREFIX = 0.3
QUESTIONS = (
    "What papers discuss",
    "Which works study",
    "Could you provide me studies on",
    "Which paper first proposed",
    "Can you list research about",
    "What are some works on",
    "I am looking for papers that",
    "papers related to",
    "Which studies explored the use of",
    "Give me articles that address",
    "Are there any papers on",
    "What research has been done on",
    "Show work that introduced",
    "Could you list papers that propose",
    "Which methods have been proposed for",
    "how to",
    "what is",
    "an overview of",
    "recent work on",
    "Which work demonstrated",
)
_WORD = re.compile(r"[^\W_]+")
_PIECE = re.compile(r"(##)?[a-z0-9\u0370-\u03ff]+")
_NEW_WORD = re.compile(r"[a-z][a-z0-9]{1,28}")


@dataclass(frozen=True)
class Dump:
    """Titles, abstracts and teams (first and last author) of a dump, and its SHA-256."""

    titles: list[str]
    abstracts: list[str]
    teams: list[tuple[str, str] | None]
    checksum: str


def read_dump(path: Path) -> Dump:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    teams = [
        (names[0].lower(), names[-1].lower()) if AUTHORS[0] <= len(names) <= AUTHORS[1] else None
        for names in (record["authors"] for record in records)
    ]
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    titles, abstracts = ([record[key] for record in records] for key in ("title", "abstract"))
    return Dump(titles, abstracts, teams, checksum)


def make_tokenizer(dump: Dump, teacher: Path, size: int) -> Tokenizer:
    """Make a vocabulary of the teacher's Latin and Greek pieces and the most frequent words."""
    pieces = json.loads(teacher.read_text(encoding="utf-8"))["model"]["vocab"]
    latin = [piece for piece in pieces if _PIECE.fullmatch(piece)]
    known, papers = set(latin), Counter[str]()
    for title, abstract in zip(dump.titles, dump.abstracts, strict=True):
        papers.update(set(_WORD.findall(f"{title} {abstract}".lower())))
    common = sorted(papers.items(), key=lambda item: (-item[1], item[0]))
    new = [word for word, _ in common if word not in known and _NEW_WORD.fullmatch(word)]
    words = [UNKNOWN, *latin, *new][:size]
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(
        models.WordPiece(vocab=vocabulary, unk_token=UNKNOWN, max_input_chars_per_word=40)
    )
    tokenizer.normalizer = normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=False, strip_accents=True, lowercase=True
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[^\W_]+"), "removed", invert=True)
    return tokenizer


def token_ids(tokenizer: Tokenizer, texts: list[str]) -> list[Ids]:
    ids = []
    for start in range(0, len(texts), 8_192):
        batch = tokenizer.encode_batch_fast(texts[start : start + 8_192], add_special_tokens=False)
        ids += [np.asarray(encoding.ids, dtype=np.uint16) for encoding in batch]
    return ids


class Pairs:
    """Random pairs of a query and a document that should be similar."""

    def __init__(self, dump: Dump, tokenizer: Tokenizer, seed: int) -> None:
        self.titles = token_ids(tokenizer, dump.titles)
        self.abstracts = token_ids(tokenizer, dump.abstracts)
        self.counts = np.zeros(tokenizer.get_vocab_size(), dtype=np.int64)
        for text in self.titles + self.abstracts:
            np.add.at(self.counts, text, 1)
        self._questions = token_ids(tokenizer, list(QUESTIONS))
        self._random = np.random.default_rng(seed)
        teams = defaultdict(list)
        for number, team in enumerate(dump.teams):
            if team:
                teams[team].append(number)
        low, high = PAPERS_OF_ONE_TEAM
        self._teams = [papers for papers in teams.values() if low <= len(papers) <= high]

    def __len__(self) -> int:
        return len(self.titles)

    def sample(self, paper: int) -> tuple[Ids, Ids]:
        """Return a random pair of a paper, or of two papers of a random team (10%)."""
        kind = self._random.random()
        title, abstract = self.titles[paper], self.abstracts[paper]
        if kind < TITLE or len(abstract) < 30:
            query, document = title, abstract[:MAX_TOKENS]
        elif kind < SPAN:
            query, document = self._span(title, abstract)
        elif kind < KEYWORDS:
            query, document = self._keywords(title, abstract)
        elif kind < HALVES:
            half = len(abstract) // 2
            return abstract[:half][:MAX_TOKENS], abstract[half:][:MAX_TOKENS]
        else:
            return self._team()
        if self._random.random() < QUESTION_PREFIX:
            question = self._questions[self._random.integers(len(self._questions))]
            query = np.concatenate([question, query])
        return query, document

    def _span(self, title: Ids, abstract: Ids) -> tuple[Ids, Ids]:
        length = int(self._random.integers(3, 26))
        start = int(self._random.integers(len(abstract) - length))
        rest = np.concatenate([title, abstract[:start], abstract[start + length :]])
        return abstract[start : start + length], rest[:MAX_TOKENS]

    def _keywords(self, title: Ids, abstract: Ids) -> tuple[Ids, Ids]:
        number = int(self._random.integers(1, 7))
        words = abstract[self._random.integers(len(abstract), size=3 * number)]
        query = words[np.argsort(self.counts[words], kind="stable")[:number]]
        document = np.concatenate([title, abstract])[:MAX_TOKENS]
        if self._random.random() < 0.5:
            document = document[~np.isin(document, query)]
        return query, document

    def _team(self) -> tuple[Ids, Ids]:
        papers = self._teams[self._random.integers(len(self._teams))]
        first, second = (
            np.concatenate([self.titles[paper], self.abstracts[paper]])[:MAX_TOKENS]
            for paper in self._random.choice(papers, 2, replace=False)
        )
        return first, second
