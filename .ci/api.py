"""Check every response of a served starter library against its OpenAPI document (schemathesis)."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

_SEED, _EXAMPLES, _AT_MOST_S = "1", "15", "120"
_OPEN = "is open at "
_LOG_LINES = 60


def main() -> int:
    """Serve a starter library and run schemathesis with all checks; return its exit status."""
    commands = Path(sys.executable).parent
    settings = {
        "BROADSHEET_SOURCES": "none",
        "BROADSHEET_RERANK": "false",
        # The highest: the run must not measure the rate limit.
        "BROADSHEET_API_REQUESTS_AN_HOUR": "1000000",
    }
    with tempfile.TemporaryDirectory() as folder, Path(folder, "log").open("w+") as log:
        server = subprocess.Popen(
            [commands / "broadsheet", "up", "--data", f"{folder}/data", "--port", "0"],
            env=os.environ | settings,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            assert server.stdout is not None
            address = next(line.split(_OPEN)[1].strip() for line in server.stdout if _OPEN in line)
            status = _check(commands / "schemathesis", address, folder)
            if status:
                log.seek(0)
                print("".join(log.readlines()[-_LOG_LINES:]))
            return status
        finally:
            server.terminate()
            server.wait(30)


def _check(schemathesis: Path, address: str, folder: str) -> int:
    limits = ["--max-examples", _EXAMPLES, "--max-time", _AT_MOST_S, "--seed", _SEED]
    options = ["--checks", "all", "--continue-on-failure", "--no-color", *limits]
    done = subprocess.run(
        [schemathesis, "run", f"{address}/openapi.json", *options], cwd=folder, check=False
    )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
