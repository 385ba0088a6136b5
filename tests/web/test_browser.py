"""The pages in a real browser, from the edition to a vote; pictures go to build/screenshots."""

import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
import uvicorn
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from broadsheet.library import Library
from broadsheet.model import SubscriptionState
from broadsheet.rules import proof_of_work
from broadsheet.rules.signup import Caps
from broadsheet.web.app import create_app
from broadsheet.web.limits import signup

SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CHROMEDRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
)
# The contrast of every kind of text with the ground it stands on, after WCAG 2.
CONTRASTS = """
const ink = (colour) => {
  const [r, g, b] = colour.match(/[0-9.]+/g).map(Number).map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = (node) => {
  const own = getComputedStyle(node).backgroundColor;
  const seen = own !== "rgba(0, 0, 0, 0)" || !node.parentElement;
  return seen ? own : ground(node.parentElement);
};
const found = {};
for (const node of document.body.querySelectorAll("*")) {
  if (![...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
  const [a, b] = [ink(getComputedStyle(node).color), ink(ground(node))];
  const name = node.tagName + "." + node.className;
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  found[name] = Math.min(found[name] ?? 99, ratio);
}
return found;
"""

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and CHROMEDRIVER), reason="Chromium and its chromedriver are not installed"
)


@pytest.fixture
def library(empty_library: Library) -> Library:
    """The library every new installation starts with, on the fixed morning."""
    empty_library.import_starter()
    empty_library.update_index()
    empty_library.editions.publish()
    return empty_library


@pytest.fixture
def address(library: Library) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        served = f"http://127.0.0.1:{listening.getsockname()[1]}"
        library.settings = library.settings.model_copy(update={"base_url": served})
        server = uvicorn.Server(uvicorn.Config(create_app(library), log_level="warning"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        yield served
        server.should_exit = True
        thread.join(timeout=10)


class Browser:
    def __init__(self, driver: webdriver.Chrome, address: str) -> None:
        self.driver = driver
        self.address = address

    def open(self, path: str) -> None:
        self.driver.get(path if path.startswith("http") else self.address + path)

    def find(self, css: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def texts(self, css: str) -> list[str]:
        return [found.text for found in self.driver.find_elements(By.CSS_SELECTOR, css)]

    def leave(self, act: Callable[[], object]) -> None:
        """Do what leads to another page, and wait until that has come."""
        before = self.find("html")
        act()
        WebDriverWait(self.driver, 10).until(lambda _: self.find("html").id != before.id)

    def picture(self, name: str, size: str, scheme: str = "light") -> None:
        """Take a picture; nothing may stick out of the page's side."""
        width, height = SIZES[size]
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
        )
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
        )
        needed = self.driver.execute_script("return document.documentElement.scrollWidth")
        assert needed <= width, f"{name} is {needed} pixels wide at {size}"
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        dark = "-dark" if scheme == "dark" else ""
        assert self.driver.save_screenshot(str(SCREENSHOTS / f"{name}-{size}{dark}.png"))

    def complaints(self) -> list[str]:
        """What the browser's console says, breaches of the content policy among it."""
        log = self.driver.execute("getLog", {"type": "browser"})["value"]
        return [entry["message"] for entry in log]


@pytest.fixture
def browser(address: str, tmp_path: Path) -> Iterator[Browser]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1280,900"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(CHROMEDRIVER))
    try:
        yield Browser(driver, address)
    finally:
        driver.quit()


# How many rows of cards do not fill their width.
_HOLES = """
const holes = list => {
  const rows = new Map(), gap = parseFloat(getComputedStyle(list).columnGap);
  for (const item of list.children) {
    const {top, width} = item.getBoundingClientRect();
    rows.set(top, (rows.get(top) ?? -gap) + width + gap);
  }
  return [...rows.values()].filter(width => Math.abs(width - list.clientWidth) > 2).length;
};
return [...document.querySelectorAll('.stories')].map(holes).reduce((a, b) => a + b, 0);
"""


@pytest.mark.parametrize("width", [1280, 900])
def test_the_last_row_and_the_rows_around_an_opened_abstract_have_no_holes(
    browser: Browser, width: int
) -> None:
    browser.driver.set_window_size(width, 900)
    browser.open("/")
    items = browser.driver.find_elements("css selector", ".stories > li")
    assert browser.driver.execute_script(_HOLES) == 0
    for item in items[:3]:
        browser.driver.execute_script("arguments[0].querySelector('details').open = true", item)
        assert browser.driver.execute_script(_HOLES) == 0
    for item in items[:2]:
        # Takes one paper after the other from the end, so that the last row has every length.
        browser.driver.execute_script(
            "arguments[0].querySelector('details').open = false; "
            "arguments[0].parentElement.lastElementChild.remove()",
            item,
        )
        assert browser.driver.execute_script(_HOLES) == 0
    assert browser.complaints() == []


def test_a_reader_opens_an_edition_searches_and_votes(browser: Browser, library: Library) -> None:
    edition = library.editions.read()
    browser.open("/")
    assert edition.items[0].title in browser.find(".lead .headline").text
    assert len(browser.texts("article")) == len(edition.items)
    for size in SIZES:
        browser.picture("edition", size)
    votes = library.votes([edition.items[0].paper_id]).get(edition.items[0].paper_id, 0)
    browser.leave(lambda: browser.find(".lead .vote button").click())
    assert browser.driver.current_url.endswith("/#n1")
    button = browser.find(".lead .vote button")
    assert button.get_attribute("aria-pressed") == "true"
    assert str(votes + 1) in button.text

    box = browser.find(".search input")
    box.send_keys("graph neural networks")
    browser.leave(lambda: box.send_keys(Keys.ENTER))
    matches, closest = browser.texts(".tier-name")
    assert re.fullmatch(r"\d+ papers? containing all words", matches)
    assert re.fullmatch(r"[\d,]+ papers? closest in meaning", closest)
    assert browser.texts("mark")
    for size in SIZES:
        browser.picture("search", size)

    browser.find(".full summary").click()
    assert not browser.find(".excerpt").is_displayed()
    assert browser.find(".full p").is_displayed()
    browser.leave(lambda: browser.find(".headline a").click())
    assert browser.texts("h1")
    for size in SIZES:
        browser.picture("paper", size)
    browser.open("/docs")
    browser.find(".manual details summary").click()
    browser.picture("docs", "phone")
    assert browser.complaints() == []


def test_a_reader_subscribes_and_leaves(
    browser: Browser, library: Library, newest_mail: Callable[[], EmailMessage]
) -> None:
    def link(path: str) -> str:
        part = newest_mail().get_body(("plain",))
        found = re.search(rf"http://[^/\s]+({path}\S+)", part.get_content() if part else "")
        assert found is not None
        return found[1]

    def state() -> SubscriptionState:
        (subscription,) = library.subscriptions.all()
        return subscription.state

    browser.open("/")
    browser.find(".subscribe input").send_keys("ada@example.org")
    browser.leave(lambda: browser.find(".subscribe button").click())
    assert str(library.settings.data) not in browser.find("main").text
    for size in SIZES:
        browser.picture("subscribed", size)

    browser.open(link("/confirm"))
    assert state() is SubscriptionState.PENDING
    browser.leave(lambda: browser.find("main button").click())
    assert browser.texts("h1") == ["You are subscribed"]
    assert state() is SubscriptionState.CONFIRMED

    library.outbox.send()
    browser.open(link("/unsubscribe"))
    browser.leave(lambda: browser.find("main button").click())
    assert browser.texts("h1") == ["You are unsubscribed"]
    assert state() is SubscriptionState.UNSUBSCRIBED
    assert browser.complaints() == []


def test_a_browser_solves_the_proof_of_work(
    browser: Browser, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signup, "free_caps", lambda subscriptions: Caps(0, 0, 0))
    # One number in eight solves a round.
    monkeypatch.setattr(proof_of_work, "_BELOW", 2**29)
    browser.open("/subscribe")
    browser.find("main .subscribe input").send_keys("ada@example.org")
    browser.leave(lambda: browser.find("main .subscribe button").click())
    WebDriverWait(browser.driver, 20).until(lambda driver: "Confirm your" in driver.title)
    assert "is sent to ada@example.org now" in browser.find("main").text
    assert [one.email for one in library.subscriptions.all()] == ["ada@example.org"]
    # The page with the proof of work has status 429; the content policy was not breached.
    assert all("429 (Too Many Requests)" in line for line in browser.complaints())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(browser: Browser, scheme: str) -> None:
    browser.open("/")
    browser.picture("edition", "desktop", scheme)
    ratios: dict[str, float] = browser.driver.execute_script(CONTRASTS)
    assert len(ratios) > 10
    assert {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}


def test_keys_go_from_paper_to_paper_unless_a_reader_types_or_turned_them_off(
    browser: Browser,
) -> None:
    def press(*keys: str) -> WebElement:
        browser.driver.switch_to.active_element.send_keys(*keys)
        return browser.driver.switch_to.active_element

    browser.open("/")
    headlines = browser.driver.find_elements(By.CSS_SELECTOR, ".headline a")
    assert press("k") == headlines[0]
    assert press("jj") == headlines[2]
    assert press("k") == headlines[1]
    assert press(Keys.CONTROL, "j") == headlines[1]
    browser.leave(lambda: press("s"))
    assert browser.driver.current_url.endswith("/#n2")
    assert browser.find("#n2 .vote button").get_attribute("aria-pressed") == "true"
    # The paper that was voted for stays the current one.
    path = browser.find("#n2 .headline a").get_attribute("href")
    browser.leave(lambda: press("o"))
    assert browser.driver.current_url == path

    box = press("/")
    assert box.get_attribute("name") == "q"
    box.send_keys("jks?/")
    assert box.get_attribute("value") == "jks?/"
    browser.open("/")
    press("?")
    assert browser.find("dialog").text.startswith("Keyboard")
    browser.find("dialog input").click()
    press(Keys.ESCAPE)
    browser.open("/")
    assert press("j").tag_name == "body"
    browser.find("#keys").click()
    assert browser.find("dialog").is_displayed()
    assert browser.complaints() == []
