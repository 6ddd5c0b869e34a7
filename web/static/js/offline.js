// The app on the phone: the service worker, the age of kept pages, updates, the way to the home screen.
(() => {
  "use strict";
  const root = document.documentElement, $ = (selector) => document.querySelector(selector);
  const LEAVING = 5000;
  let typing = false, left = -LEAVING;
  document.addEventListener("input", ({ target }) => {
    if (target.form?.method === "post") typing = true;
  });
  document.addEventListener("submit", () => (typing = false));
  // Who has just tapped a link goes there: renewing the page would call the tap off.
  addEventListener("beforeunload", () => (left = performance.now()));
  const renew = () => typing || performance.now() - left < LEAVING || location.reload();

  // A page that the service worker kept says when that was.
  const kept = Number(root.dataset.kept), line = $("[data-kept-line]");
  if (kept && line) {
    const when = new Intl.DateTimeFormat(root.lang, { month: "long", day: "numeric", hour: "2-digit", minute: "2-digit" }).format(kept);
    const words = line.querySelector("span");
    words.textContent = words.textContent.replace("{when}", when);
    line.hidden = false;
    addEventListener("online", renew);
  }

  const worker = navigator.serviceWorker;
  if (worker && isSecureContext) addEventListener("load", () => register().catch(() => { /* works without it */ }));

  async function register() {
    const rules = { createScriptURL: () => "/sw.js" };
    const address = window.trustedTypes ? trustedTypes.createPolicy("niangjia", rules).createScriptURL("") : "/sw.js";
    const first = !worker.controller;
    const registration = await worker.register(address);
    // What was opened before there was a service worker is kept all the same.
    if (first) (await worker.ready).active.postMessage({ keep: location.href });
    else offer(registration);
  }

  // A new version waits until it is wanted, and takes no form away from anybody.
  function offer(registration) {
    const box = $("[data-update-line]"), button = $("[data-update]");
    const show = () => registration.waiting && box && (box.hidden = false);
    const follow = () => registration.installing?.addEventListener("statechange", show);
    show();
    follow();
    registration.addEventListener("updatefound", follow);
    button?.addEventListener("click", () => {
      if (typing) return (button.querySelector("span").textContent = button.dataset.typing);
      worker.addEventListener("controllerchange", () => location.reload(), { once: true });
      registration.waiting?.postMessage("update");
    });
  }

  // Never a pop-up: a button on the page about oneself where the browser can, words where it cannot.
  const show = (name) => {
    const box = $("[data-install]");
    if (box) box.hidden = $(`[data-install-${name}]`).hidden = false;
  };
  const agent = navigator.userAgent;
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    show("now");
    $("[data-install-now]")?.addEventListener("click", () => event.prompt(), { once: true });
  });
  if (/MicroMessenger/.test(agent)) show("wechat");
  else if (/iPhone|iPad/.test(agent) && navigator.standalone === false) show("ios");
})();
