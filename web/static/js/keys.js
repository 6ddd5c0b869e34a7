// Keys for a PC on the pages of staff: the list that "?" opens, the switch that turns them off, and when a key is one.
(() => {
  "use strict";
  const one = (selector) => document.querySelector(selector);

  // Keys can be turned off: some people talk to their computer, or lean on the keyboard.
  const STORED = "nj_keys";
  const dialog = one("dialog.keys");
  const wanted = one("[data-keys-on]");
  const areOn = () => localStorage.getItem(STORED) !== "off";
  if (wanted) {
    wanted.checked = areOn();
    wanted.addEventListener("change", () => localStorage.setItem(STORED, wanted.checked ? "on" : "off"));
  }
  one("[data-keys-open]")?.addEventListener("click", () => dialog.showModal());

  // What a key does here; it says whether it did something.
  const acts = {};
  acts["?"] = acts["？"] = () => { dialog?.showModal(); return Boolean(dialog); };
  window.njKeys = (more) => Object.assign(acts, more);

  const TYPING = "textarea, select, input:not([type=checkbox], [type=radio])";
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || dialog?.open || !areOn()) return;
    if (event.target.closest?.(TYPING)) return;
    // Space presses a button or a box that has the focus.
    if (event.key === " " && event.target.closest?.("button, summary, input")) return;
    // A Chinese keyboard swallows the letter; where it lies is still said.
    const key = event.key === "Process" ? event.code.replace(/^Key/, "").toLowerCase() : event.key;
    const act = acts[key.length === 1 ? key.toLowerCase() : key];
    if (act?.()) event.preventDefault();
  });
})();
