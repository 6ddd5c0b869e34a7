// Slow and lost lines: every wait says that it is one, and what was typed stays until it has arrived.
(() => {
  "use strict";
  const SLOW = 1000;
  const slow = document.querySelector("[data-slow]");
  const lost = document.querySelector("[data-lost]");
  const nonce = document.querySelector("script[nonce]")?.nonce;
  let timer = 0;
  let again = null;

  function wait() {
    clearTimeout(timer);
    if (lost) lost.hidden = true;
    document.getElementById("main")?.setAttribute("aria-busy", "true");
    if (slow) timer = setTimeout(() => { slow.textContent = slow.dataset.slow; }, SLOW);
  }

  function done() {
    clearTimeout(timer);
    if (slow) slow.textContent = "";
    document.getElementById("main")?.removeAttribute("aria-busy");
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
    for (const button of document.querySelectorAll("button[aria-busy]")) {
      button.removeAttribute("aria-busy");
      if (button.dataset.idle) button.querySelector("span").textContent = button.dataset.idle;
    }
  }

  function sayLost(retry) {
    done();
    if (!lost) return;
    again = retry;
    const [unreached, offline] = lost.querySelectorAll("p");
    unreached.hidden = !navigator.onLine;
    offline.hidden = navigator.onLine;
    lost.hidden = false;
    lost.querySelector("button").focus({ preventScroll: true });
  }
  lost?.querySelector("button").addEventListener("click", () => {
    lost.hidden = true;
    again?.();
  });

  // A second tap on a slow network must not send the form twice: caught before anybody else hears of it.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.matches("[hx-post]")) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return event.stopImmediatePropagation();
    }
    form.dataset.sent = "1";
    const button = event.submitter;
    if (!button) return;
    button.setAttribute("aria-busy", "true");
    if (button.dataset.busy) {
      const words = button.querySelector("span");
      button.dataset.idle = words.textContent;
      words.textContent = button.dataset.busy;
    }
  }, true);
  document.addEventListener("submit", (event) => {
    if (!event.defaultPrevented) wait();
  });
  // The page may come back from the browser's memory, with the form still marked.
  window.addEventListener("pageshow", done);

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    const plain = !event.defaultPrevented && !event.button && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (!link || !plain || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (link.hash && link.href.split("#")[0] === location.href.split("#")[0]) return;
    // With a service worker the page may be kept on the phone; without one the browser would show an error of its own.
    if (lost && !navigator.onLine && !navigator.serviceWorker?.controller) {
      event.preventDefault();
      return sayLost(() => link.click());
    }
    wait();
  });

  // Forms of workers' pages go by htmx, so that a lost line leaves the page, and what was typed, as it is.
  function byHtmx(root) {
    if (!lost || !nonce) return;
    for (const form of root.querySelectorAll("form[method=post]:not([hx-post], [hx-boost], [data-plain])")) {
      form.setAttribute("hx-nonce", nonce);
      form.setAttribute("hx-boost", "target:#main select:#main swap:outerHTML push:false");
      window.htmx?.process(form);
    }
  }
  byHtmx(document);

  // What a person set off; the live sheet's own reading does not count.
  const byHand = (ctx) => ["submit", "click", "change"].includes(ctx?.sourceEvent?.type);
  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
    if (byHand(ctx)) wait();
  });
  document.addEventListener("htmx:error", ({ detail: { ctx } }) => {
    if (!byHand(ctx) || ctx.text !== undefined) return;
    const source = ctx.sourceElement, button = ctx.request.submitter;
    const say = () => sayLost(() => (source.requestSubmit ? source.requestSubmit(button) : source.click()));
    // The outbox may keep the form for later; it says so itself.
    const lose = new CustomEvent("lost", { bubbles: true, cancelable: true, detail: { button, say } });
    if (source.dispatchEvent(lose)) say();
    else done();
  });
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    if (byHand(ctx) && !ctx.hx?.redirect && lost?.hidden !== false) done();
  });
  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    byHtmx(document);
    if (!ctx?.sourceElement?.matches?.("form[hx-boost]")) return;
    const main = document.getElementById("main");
    if (!main.querySelector("[data-focus], [autofocus]")) main.focus();
    scrollTo(0, 0);
  });
})();
