"""Walk every type of page in Chromium: pictures, bytes as sent, layout shift, axe, Nu, console.

    python bench/pages.py DATA [--out build/pages] [--tools build/npm] [--only NAME …] [--now TIME]
                          [--no-axe] [--json]

Serves a copy of the library in the data folder DATA, opens every type of page at 1280 and 390
pixels in the light and the dark theme, and writes a picture of each to the folder `--out`.

axe-core and the Nu HTML checker (which needs Java) come from npm:
`npm install --prefix build/npm axe-core vnu-jar`. What is not installed is left out with a note.
"""

import argparse
import base64
import http.client
import json
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

import uvicorn
from rich.console import Console
from rich.table import Table
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from broadsheet.config import Settings
from broadsheet.library import Library
from broadsheet.web.app import create_app
from page_types import PageType, page_types

WIDTHS = (1280, 390)
THEMES = ("light", "dark")
_HEIGHT, _MAX_PICTURE_HEIGHT = 900, 6_000
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
)
# The form is sent from a page of the site, as a reader sends it.
_POST = """
const [path, fields] = arguments;
const form = document.createElement("form");
form.method = "post";
form.action = path;
for (const [name, value] of Object.entries(fields)) {
  const field = document.createElement("input");
  field.name = name;
  field.value = value;
  form.append(field);
}
document.body.append(form);
form.submit();
"""
_SHIFT = """
const done = arguments[0];
let total = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) total += entry.value;
}).observe({ type: "layout-shift", buffered: true });
window.scrollTo(0, document.body.scrollHeight);
setTimeout(() => { window.scrollTo(0, 0); setTimeout(() => done(total), 150); }, 150);
"""
_LOADED = """
return [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .reduce((total, entry) => total + entry.encodedBodySize, 0);
"""
_AXE = """
const done = arguments[0];
axe.run(document, { resultTypes: ["violations", "incomplete"] }).then((found) => done(
  [found.violations, found.incomplete].map((rules) => rules.map((rule) => [
    rule.id, rule.nodes.map((node) => node.target.join(" ") + ": "
      + [...node.any, ...node.all, ...node.none].map((check) => check.message).join("; ")),
  ]))));
"""
_note = Console(stderr=True).print


@dataclass(slots=True)
class Figures:
    """What was found on one page.

    Parameters
    ----------
    path : str
        Path of the page.
    status : int
        Status of the response.
    html_bytes, gzip_bytes : int
        Of the HTML, plain and as sent with gzip.
    loaded_bytes : int
        All files of a first visit, as Chromium receives them (brotli).
    shift : float
        The greatest sum of layout shifts at any width and theme.
    violations, incomplete : list of str
        Of axe: what is wrong, and what a person has to look at.
    nu, console : list of str
        Messages of the Nu checker and of the browser's console.
    """

    path: str
    status: int = 0
    html_bytes: int = 0
    gzip_bytes: int = 0
    loaded_bytes: int = 0
    shift: float = 0.0
    violations: list[str] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)
    nu: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)


class Tools(NamedTuple):
    """What npm installed: the source of axe, and the Nu checker's program."""

    axe: str | None
    nu: Path | None


def main() -> None:
    """Walk the pages and print what was found."""
    arguments = _arguments()
    tools = _tools(arguments)
    arguments.out.mkdir(parents=True, exist_ok=True)
    with _served(arguments.data, arguments.now) as (library, port), _browser() as driver:
        pages = [
            page
            for page in page_types(library)
            if not arguments.only or page.name in arguments.only
        ]
        found = {page.name: _walk(page, driver, port, tools, arguments.out) for page in pages}
    if tools.nu is not None:
        _check_markup(tools.nu, arguments.out, found)
    if arguments.json:
        print(json.dumps({name: asdict(figures) for name, figures in found.items()}, indent=2))
    else:
        _print(found)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, metavar="DATA", help="a data folder; it is copied")
    parser.add_argument("--out", type=Path, default=Path("build/pages"), help="for pictures")
    parser.add_argument("--tools", type=Path, default=Path("build/npm"), help="npm's prefix")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="types of pages")
    parser.add_argument("--now", type=_time, help="time of the site, in UTC")
    parser.add_argument("--no-axe", action="store_true")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _tools(arguments: argparse.Namespace) -> Tools:
    modules = arguments.tools / "node_modules"
    axe = modules / "axe-core" / "axe.min.js"
    nu = modules / "vnu-jar" / "build" / "dist" / "vnu.jar"
    has_axe = axe.exists() and not arguments.no_axe
    has_nu = nu.exists() and shutil.which("java") is not None
    if not (has_axe or arguments.no_axe) or not has_nu:
        _note(
            "not everything is checked: run "
            f"'npm install --prefix {arguments.tools} axe-core vnu-jar' and install Java"
        )
    return Tools(axe.read_text(encoding="utf-8") if has_axe else None, nu if has_nu else None)


@contextmanager
def _served(data: Path, now: datetime | None) -> Iterator[tuple[Library, int]]:
    """Serve a copy of a library."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as bound:
        copy = Path(folder) / "data"
        subprocess.run(["cp", "-a", "--reflink=auto", str(data), str(copy)], check=True)
        port: int = bound.getsockname()[1]
        settings = Settings(data=copy, sources="none", base_url=f"http://127.0.0.1:{port}")
        with Library(settings, lambda: now or datetime.now(UTC)) as library:
            # The scores are those of the last update, which may be long past.
            library.trending.update()
            app = create_app(library)
            server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False))
            thread = threading.Thread(target=server.run, args=([bound],))
            thread.start()
            yield library, port
            server.should_exit = True
            thread.join(timeout=10)


@contextmanager
def _browser() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("chromium-browser") or ""
    for flag in _FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    driver.set_script_timeout(120)
    try:
        driver.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": True})
        yield driver
    finally:
        driver.quit()


def _walk(page: PageType, driver: webdriver.Chrome, port: int, tools: Tools, out: Path) -> Figures:
    """Open a page in every width and theme."""
    _note(page.name)
    figures = Figures(page.path)
    with page.prepared():
        figures.status, html = _fetched(page, port)
        (out / f"{page.name}.html").write_bytes(html)
        figures.html_bytes, figures.gzip_bytes = len(html), _sent_bytes(page, port, html)
        for width in WIDTHS:
            for theme in THEMES:
                _show(driver, width, theme)
                _open(page, driver, port)
                figures.shift = max(figures.shift, round(driver.execute_async_script(_SHIFT), 4))
                driver.execute_script(page.script)
                _look(driver, figures, tools, f"{width} {theme}: ")
                _picture(driver, width, out / f"{page.name}-{width}-{theme}.png")
    return figures


def _fetched(page: PageType, port: int, encoding: str = "identity") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Accept-Encoding": encoding}
    if page.form is None:
        connection.request("GET", page.path, headers=headers)
    else:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request("POST", page.path, urlencode(page.form), headers)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    location = response.getheader("Location")
    if location is not None:
        parts = urlsplit(location)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        return _fetched(PageType(page.name, path), port, encoding)
    return response.status, body


def _sent_bytes(page: PageType, port: int, html: bytes) -> int:
    """Return the bytes of the HTML with gzip; the answer to a form is never compressed."""
    return len(html) if page.form is not None else len(_fetched(page, port, "gzip")[1])


def _show(driver: webdriver.Chrome, width: int, theme: str) -> None:
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {
            "width": width,
            "height": _HEIGHT,
            "screenWidth": width,
            "screenHeight": _HEIGHT,
            "deviceScaleFactor": 1,
            "mobile": width < 600,
        },
    )
    driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": theme}]},
    )


def _open(page: PageType, driver: webdriver.Chrome, port: int) -> None:
    home = f"http://127.0.0.1:{port}"
    if page.form is None:
        driver.get(home + page.path)
        return
    driver.get(f"{home}/subscribe")
    _logged(driver)
    before = driver.find_element("css selector", "html").id
    driver.execute_script(_POST, page.path, dict(page.form))
    while driver.find_element("css selector", "html").id == before:
        pass


def _look(driver: webdriver.Chrome, figures: Figures, tools: Tools, where: str) -> None:
    figures.loaded_bytes = max(figures.loaded_bytes, driver.execute_script(_LOADED))
    wide = driver.execute_script("return document.documentElement.scrollWidth - screen.width")
    if wide > 0:
        figures.violations.append(f"{where}{wide} pixels wider than the window")
    if tools.axe is not None:
        driver.execute_script(tools.axe)
        violations, incomplete = driver.execute_async_script(_AXE)
        figures.violations += _lines(where, violations)
        figures.incomplete += _lines("", incomplete)
    # The answer of a form with an error is an error to the console.
    figures.console += [each for each in _logged(driver) if "responded with a status" not in each]


def _lines(where: str, rules: Sequence[tuple[str, Sequence[str]]]) -> list[str]:
    return [f"{where}{rule}: {node}" for rule, nodes in rules for node in nodes]


def _logged(driver: webdriver.Chrome) -> list[str]:
    """Return and clear what the console says."""
    entries = driver.execute("getLog", {"type": "browser"})["value"]
    return [entry["message"] for entry in entries]


def _picture(driver: webdriver.Chrome, width: int, file: Path) -> None:
    height = driver.execute_script("return document.documentElement.scrollHeight")
    clip = {"x": 0, "y": 0, "width": width, "height": min(height, _MAX_PICTURE_HEIGHT), "scale": 1}
    taken = driver.execute_cdp_cmd(
        "Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip}
    )
    file.write_bytes(base64.b64decode(taken["data"]))


def _check_markup(nu: Path, out: Path, found: Mapping[str, Figures]) -> None:
    files = {str((out / f"{name}.html").resolve()): name for name in found}
    command = ["java", "-jar", str(nu), "--format", "json", "--stdout", "--exit-zero-always"]
    checked = subprocess.run([*command, *files], capture_output=True, check=True)
    for message in json.loads(checked.stdout)["messages"]:
        name = files[str(Path(urlsplit(message["url"]).path))]
        line = f"{message.get('lastLine', 0)}: {message['type']}: {message['message']}"
        found[name].nu.append(line)


def _print(found: Mapping[str, Figures]) -> None:
    table = Table(
        "page", "status", "HTML", "gzip", "all files", "shift", "axe", "review", "Nu", "log"
    )
    for name, one in found.items():
        lists = (one.violations, one.incomplete, one.nu, one.console)
        sizes = (one.html_bytes, one.gzip_bytes, one.loaded_bytes)
        counts = [str(len(each)) for each in lists]
        table.add_row(name, str(one.status), *(f"{n:,}" for n in sizes), str(one.shift), *counts)
    console = Console(width=110, soft_wrap=True)
    console.print(table)
    for name, one in found.items():
        _print_messages(console, name, one)


def _print_messages(console: Console, name: str, one: Figures) -> None:
    # Of many elements with one result to review, the first stands for all.
    reviews: dict[str, list[str]] = {}
    for message in one.incomplete:
        rule, element, reason = _parts(message)
        reviews.setdefault(f"{rule}: {reason}", []).append(element)
    review = [f"{kind}: {len(all_)} elements, as {all_[0]}" for kind, all_ in reviews.items()]
    kinds: Sequence[tuple[str, list[str]]] = (
        ("axe", one.violations),
        ("review", review),
        ("Nu", one.nu),
        ("console", one.console),
    )
    for kind, messages in kinds:
        for message in dict.fromkeys(messages):
            console.print(f"{name}: {kind}: {message}", markup=False, highlight=False)


def _parts(message: str) -> tuple[str, str, str]:
    rule, _, rest = message.partition(": ")
    element, _, reason = rest.rpartition(": ")
    return rule, element, reason


if __name__ == "__main__":
    main()
