// Keys for the papers of a page. Every action has a link or a button as well; without this file,
// nothing is missing but the keys.
"use strict";

const KEYS = [
  ["j", "next paper"],
  ["k", "previous paper"],
  ["o", "open the paper"],
  ["s", "vote for the paper, or withdraw the vote"],
  ["/", "search"],
  ["?", "show or hide this list"],
];
const STORED = "keys";
const opener = document.getElementById("keys");

// Some browsers refuse storage; then the choice holds for this page only.
let isOff = false;
try { isOff = localStorage.getItem(STORED) === "off"; } catch { /* as above */ }

function turn(off) {
  isOff = off;
  try { localStorage.setItem(STORED, off ? "off" : "on"); } catch { /* as above */ }
}

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

let dialog = null;

function toggleList() {
  dialog ??= list();
  if (dialog.open) dialog.close();
  else dialog.showModal();
}

function list() {
  const made = element("dialog", "", { class: "keys", "aria-labelledby": "keys-heading" });
  const rows = element("dl", "");
  for (const [key, meaning] of KEYS) {
    const term = element("dt", "");
    term.append(element("kbd", key));
    rows.append(term, element("dd", meaning));
  }
  const box = element("input", "", { type: "checkbox" });
  box.checked = !isOff;
  box.addEventListener("change", () => turn(!box.checked));
  const label = element("label", "");
  label.append(box, " Use these keys");
  const close = element("button", "Close", { type: "button" });
  close.addEventListener("click", () => made.close());
  made.append(element("h2", "Keyboard", { id: "keys-heading" }), rows, label, close);
  document.body.append(made);
  return made;
}

const papers = () => [...document.querySelectorAll("article.story, article.paper")];

function current() {
  const all = papers();
  const focused = document.activeElement?.closest("article");
  // After a vote, the page opens again at the paper.
  const place = all.indexOf(focused ?? document.querySelector(":target"));
  return { all, place: all.length === 1 ? 0 : place };
}

function move(step) {
  const { all, place } = current();
  const to = all[Math.min(Math.max(place + step, 0), all.length - 1)];
  to?.querySelector(".headline a")?.focus();
}

function act(css, action) {
  const { all, place } = current();
  const found = all[place]?.querySelector(css);
  if (found) action(found);
}

const ACTIONS = {
  j: () => move(1),
  k: () => move(-1),
  o: () => act(".headline a, .links a", (link) => link.click()),
  s: () => act(".vote button", (button) => button.click()),
  "/": () => document.querySelector(".search input")?.select(),
  "?": toggleList,
};

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (isOff || event.defaultPrevented || event.isComposing || (event.repeat && key === "s")) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (target.closest("input, textarea, select, [contenteditable]")) return;
  if (!Object.hasOwn(ACTIONS, key) || (dialog?.open && key !== "?")) return;
  event.preventDefault();
  ACTIONS[key]();
});

opener.disabled = false;
opener.addEventListener("click", toggleList);
