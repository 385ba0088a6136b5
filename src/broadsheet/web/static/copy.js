// Adds a button that copies the text of each citation; without scripts, the text can be selected.
for (const text of document.querySelectorAll(".cite pre")) {
  if (!navigator.clipboard) break;
  const name = text.parentElement.querySelector("h2").textContent;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy ${name}`);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text.textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  text.before(button);
}
