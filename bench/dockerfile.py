"""Run the steps of deploy/Dockerfile in folders made by debootstrap, and serve from the result.

For machines without a container engine. It needs root, and a folder with the base system:

    debootstrap --variant=minbase trixie /tmp/trixie
    python bench/dockerfile.py --base /tmp/trixie --work /tmp/image

RUN, COPY, WORKDIR, ENV and USER are executed; ENTRYPOINT, CMD and HEALTHCHECK are run in a network
namespace of their own. FROM is a copy of the base, whatever it names. Layers, EXPOSE, VOLUME and
the registry are not checked.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
_START_S = 300.0
# How pip and apt reach their servers is a matter of the machine.
_PASSED = ("PIP_INDEX_URL", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
_CERTIFICATES = "/tmp/certificates.pem"
_MACHINE_FILES = {
    "/etc/resolv.conf": "/etc/resolv.conf",
    "/etc/hosts": "/etc/hosts",
    "/etc/ssl/certs/ca-certificates.crt": _CERTIFICATES,
}


@dataclass
class Stage:
    """One stage of the file, and the folder that it is built in."""

    root: Path
    folder: str = "/"
    user: str = "root"
    variables: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)

    def command(self, *words: str) -> list[str]:
        """Return the command that runs another inside, as the user of the stage."""
        path = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
        variables = {**path, **passed, "PIP_CERT": _CERTIFICATES, **self.variables}
        inside = ["env", "-i", *(f"{name}={value}" for name, value in variables.items()), *words]
        chroot = ["chroot", f"--userspec={self.user}", str(self.root)]
        return [*chroot, "sh", "-c", f"cd {self.folder} && exec {shlex.join(inside)}"]


def instructions(text: str) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile and their arguments."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [
        (name, rest.strip())
        for name, _, rest in (line.partition(" ") for line in joined.split("\n"))
        if name
    ]


def build(dockerfile: Path, base: Path, work: Path) -> Stage:
    """Execute a Dockerfile; return its last stage."""
    stages: dict[str, Stage] = {}
    stage = Stage(work)
    for name, rest in instructions(dockerfile.read_text()):
        print(f"{name} {rest}", flush=True)
        if name == "FROM":
            label = rest.partition(" AS ")[2] or "image"
            stage = stages[label] = Stage(work / label)
            subprocess.run(["cp", "-a", "--reflink=auto", base, stage.root], check=True)
            for path, target in _MACHINE_FILES.items():
                shutil.copyfile(path, stage.root / target[1:])
        elif name == "RUN":
            subprocess.run(stage.command("sh", "-e", "-c", rest), check=True)
        elif name == "COPY":
            _copy(stage, stages, rest.split())
        elif name == "WORKDIR":
            stage.folder = rest
            (stage.root / rest[1:]).mkdir(parents=True, exist_ok=True)
        elif name == "USER":
            stage.user = rest
        elif name == "ENV":
            key, _, value = rest.partition("=")
            stage.variables[key] = value
        else:
            stage.words[name] = rest
    return stage


def _copy(stage: Stage, stages: dict[str, Stage], words: list[str]) -> None:
    origin = ROOT
    if words[0].startswith("--from="):
        origin = stages[words.pop(0).removeprefix("--from=")].root
    *names, target = words
    place = stage.root / (Path(stage.folder) / target).relative_to("/")
    for name in names:
        path = origin / name.lstrip("/")
        if path.is_dir():
            shutil.copytree(
                path, place, symlinks=True, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy(path, place)


def serve(image: Stage) -> None:
    """Start the server of an image without a network, and print what its health check says."""
    start = [*json.loads(image.words["ENTRYPOINT"]), *json.loads(image.words["CMD"])]
    check = json.loads(image.words["HEALTHCHECK"].partition("CMD ")[2])
    fetch = (
        "import urllib.request as r\n"
        "for path in ('/', '/search?q=attention', '/status', '/healthz'):\n"
        "    answer = r.urlopen('http://127.0.0.1:8000' + path)\n"
        "    print(path, answer.status, len(answer.read()))"
    )
    shell = f"ip link set lo up && exec {shlex.join(image.command(*start))}"
    with subprocess.Popen(["unshare", "--net", "sh", "-c", shell]) as server:
        inside = ["nsenter", f"--net=/proc/{server.pid}/ns/net"]
        deadline = time.monotonic() + _START_S
        while subprocess.call([*inside, *image.command(*check)], stderr=subprocess.DEVNULL):
            if time.monotonic() > deadline or server.poll() is not None:
                server.kill()
                raise SystemExit("the server did not become healthy")
            time.sleep(0.5)
        print("the health check passes", flush=True)
        subprocess.run([*inside, *image.command("python3", "-c", fetch)], check=True)
        subprocess.run(image.command("id"), check=True)
        server.terminate()
        print("stopped with", server.wait(20))


def main() -> None:
    """Build and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, required=True, help="folder made by debootstrap")
    parser.add_argument("--work", type=Path, required=True, help="new folder for the stages")
    options = parser.parse_args()
    options.work.mkdir(parents=True)
    image = build(ROOT / "deploy" / "Dockerfile", options.base, options.work)
    size = subprocess.check_output(["du", "-sm", image.root], text=True).split()[0]
    print(f"the image has {size} MB")
    serve(image)


if __name__ == "__main__":
    main()
