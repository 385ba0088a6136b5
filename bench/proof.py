"""Measure the proof of work of the subscription form: a browser, a native program, the server.

    python bench/proof.py [--json]

Prints milliseconds for one evaluation of scrypt, the least of ten batches, and the seconds that a
solution takes on average. The browser is a headless Chromium, through its chromedriver.
"""

import argparse
import json
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import scrypt
from importlib.resources import files

from broadsheet.rules.proof_of_work import Puzzle, is_solved, new_puzzle

BATCHES, EVALUATIONS = 10, 20
IN_BROWSER = """
const encode = (text) => new TextEncoder().encode(text);
const [salt, n, evaluations] = arguments;
const started = performance.now();
for (let i = 0; i < evaluations; i += 1) scrypt(encode("challenge 0 " + i), encode(salt), n, 4);
return (performance.now() - started) / evaluations;
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    puzzle = new_puzzle("secret", "ada@example.org", "nonce", datetime.now(UTC))
    # The hash of each round is below the bound once in so many evaluations.
    evaluations = puzzle.rounds * 2**32 // puzzle.below
    browser_ms, native_ms = in_browser_ms(puzzle), least_ms(lambda: native(puzzle))
    found = {
        "evaluations": evaluations,
        "browser_ms": round(browser_ms, 2),
        "native_ms": round(native_ms, 2),
        "browser_s": round(browser_ms * evaluations / 1000, 2),
        "native_s": round(native_ms * evaluations / 1000, 2),
        "check_ms": round(native_ms * puzzle.rounds, 2),
        "forged_check_ms": round(least_ms(forged), 3),
    }
    if as_json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:16} {value}")


def native(puzzle: Puzzle) -> None:
    """Evaluate scrypt once, as the server and an attacker do."""
    scrypt(b"challenge 0 1", salt=puzzle.salt.encode(), n=puzzle.n, r=8, p=1, dklen=4)


def forged() -> None:
    """Check a challenge that this site did not sign."""
    is_solved("secret", "W10.forged", "1 2 3 4", "ada@example.org", datetime.now(UTC))


def least_ms(run: Callable[[], object]) -> float:
    """Return the least processor time of a call over the batches."""
    batches = []
    for _ in range(BATCHES):
        started = time.process_time()
        for _ in range(EVALUATIONS):
            run()
        batches.append((time.process_time() - started) * 1000 / EVALUATIONS)
    return min(batches)


def in_browser_ms(puzzle: Puzzle) -> float:
    """Return the least time of one evaluation in Chromium over the batches."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    script = files("broadsheet.web").joinpath("static", "proof.js").read_text(encoding="utf-8")
    functions = script[: script.index('if (typeof document === "undefined")')]
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        timed = functions + IN_BROWSER
        return min(
            float(driver.execute_script(timed, puzzle.salt, puzzle.n, EVALUATIONS))
            for _ in range(BATCHES)
        )
    finally:
        driver.quit()


if __name__ == "__main__":
    main()
