// The reviewers' own enhancements: what the keys of keys.js do, ready reasons that can still be changed, ticking several at once.
(() => {
  "use strict";
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];

  // The list: one row after the other.
  const links = () => all("[data-row] .row-link");
  const row = () => document.activeElement?.closest("[data-row]");
  function move(by) {
    const found = links();
    const here = row();
    const at = here ? found.indexOf(one(".row-link", here)) : by > 0 ? -1 : found.length;
    const next = found[at + by];
    if (!next) return false;
    next.focus({ preventScroll: true });
    next.closest("[data-row]").scrollIntoView({ block: "nearest" });
    return true;
  }
  function tick() {
    const box = row() && one("input[type=checkbox]", row());
    if (!box) return Boolean(row());
    box.click();
    return true;
  }

  // One application: a key leads to the button or opens its form; Enter then acts, so that a slip decides nothing.
  function lead(key) {
    const target = one(`[data-key="${key}"]`);
    if (!target) return false;
    if (target.tagName === "DETAILS") {
      target.open = true;
      one("input:not([type=hidden]), textarea", target).focus();
    } else target.focus();
    target.scrollIntoView({ block: "nearest" });
    return true;
  }
  function go(selector) {
    const link = one(selector);
    if (link) link.click();
    return Boolean(link);
  }

  window.njKeys(one("[data-row]")
    ? { j: () => move(1), ArrowDown: () => move(1), k: () => move(-1), ArrowUp: () => move(-1), " ": tick,
        "/": () => { one("[data-search]")?.focus(); return true; } }
    : { a: () => lead("a"), r: () => lead("r"), x: () => lead("x"), j: () => go("[data-next]"), b: () => go("[data-back]") });
  // The quickest way out of a reason.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.ctrlKey || event.target.tagName !== "TEXTAREA") return;
    event.target.form.requestSubmit(one("button:not([name])", event.target.form));
  });

  // A ready reason fills the field, to be changed before it is sent.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-fill]");
    if (!button) return;
    event.preventDefault();
    const field = document.getElementById(button.dataset.fill);
    field.value = button.textContent.trim();
    field.focus();
  });
  for (const words of all(".no-script")) words.hidden = true;

  const every = one("[data-tick-all]");
  every?.addEventListener("change", () => {
    for (const box of all("[data-row] input[type=checkbox]")) box.checked = every.checked;
  });
})();
