"""Fail if a pinned package has a known vulnerability; skip if no advisory service is reached."""

import json
import subprocess
import sys
from pathlib import Path

PINS = Path(__file__).parents[1] / "constraints.txt"


def verdict(output: str, errors: str) -> tuple[int, str]:
    """Return the exit status and one line for what ``pip-audit --format json`` printed.

    An unreachable service is no finding: pip-audit then prints no report, or, behind a package
    mirror without advisories, one that skips every package.
    """
    try:
        packages = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (errors.strip().splitlines() or ["no output"])[-1]
        return 0, f"audit skipped: no advisory service was reached ({last[:120]})"
    audited = [package for package in packages if "skip_reason" not in package]
    if not audited:
        return 0, "audit skipped: no advisory service was reached (every package was skipped)"
    found = [
        f"{package['name']} {package['version']}: {flaw['id']}"
        for package in audited
        for flaw in package["vulns"]
    ]
    if found:
        return 1, f"known vulnerabilities: {'; '.join(found)}"
    return 0, f"audit: {len(audited)} of {len(packages)} pinned packages checked, none vulnerable"


def main() -> int:
    """Audit `constraints.txt`."""
    options = ["--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    done = subprocess.run(
        [sys.executable, "-m", "pip_audit", "-r", str(PINS), *options],
        capture_output=True,
        text=True,
        check=False,
    )
    status, line = verdict(done.stdout, done.stderr)
    print(line)
    return status


if __name__ == "__main__":
    raise SystemExit(main())
