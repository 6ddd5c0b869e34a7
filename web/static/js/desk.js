// The desk's own enhancements: scanning one ticket after another, lists that stay open while the sheet follows events.
(() => {
  "use strict";
  const scan = () => document.querySelector("[data-scan]");

  // A scanner types and presses Enter: the field is empty and ready again, or its wrong code is marked to be typed over.
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    const form = scan();
    if (!form || ctx.sourceElement !== form) return;
    const field = form.elements.code;
    // Whoever scans quickly has typed the next one by now.
    if (field.value !== ctx.request.body?.get?.("code")) return;
    if (ctx.response?.status < 400) field.value = "";
    field.focus();
    field.select();
  });
  // A tap that never reached the server must not look like one that did.
  document.addEventListener("htmx:error", ({ detail: { ctx } }) => {
    const unsent = document.getElementById("unsent");
    if (unsent && ctx?.request?.method === "POST") unsent.hidden = false;
  });
  // After a step the next row moves up under the finger: the second half of a double tap must not hit it.
  const BLINK = 400;
  let stepped = -BLINK;
  document.addEventListener("htmx:before:swap", ({ detail: { ctx }, timeStamp }) => {
    if (ctx.request?.method === "POST" && ctx.response?.status !== 422) stepped = timeStamp;
  });
  document.addEventListener("click", (event) => {
    if (event.detail && event.timeStamp - stepped < BLINK && event.target.closest("#sheet button")) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }, true);
  // With a mouse there is likely a scanner; on a phone the keyboard would cover the sheet.
  const field = scan()?.elements.code;
  if (field && matchMedia("(pointer: fine)").matches && document.activeElement === document.body) field.focus();

  // Keys act where nothing is typed; Escape leaves the field, which a PC is given at once.
  field?.addEventListener("keydown", ({ key }) => { if (key === "Escape") field.blur(); });
  const days = document.querySelector("[data-day-before]");
  const go = (address) => { location.assign(address); return true; };
  window.njKeys?.({
    "/": () => { field?.focus(); return Boolean(field); },
    ...(days && {
      ArrowLeft: () => go(days.dataset.dayBefore), ArrowRight: () => go(days.dataset.dayAfter), t: () => go(days.dataset.today),
    }),
  });

  // Lists that staff opened stay open when the sheet is drawn again, the others as the sheet says.
  const kept = new Map();
  document.addEventListener("toggle", ({ target }) => {
    if (target.matches("details[data-keep-open]")) kept.set(target.id, target.open);
  }, true);
  document.addEventListener("htmx:after:swap", () => {
    for (const [id, open] of kept) {
      const list = document.getElementById(id);
      if (list && open) list.open = true;
    }
  });
})();
