// The strip of a road looks again every minute, as long as somebody looks at it and there is a line.
(() => {
  "use strict";
  const MINUTE = 60_000;
  const strip = () => document.getElementById("strip");
  let timer, looked = Date.now();

  function look() {
    looked = Date.now();
    if (navigator.onLine) strip()?.dispatchEvent(new Event("look"));
  }
  // Out of sight nothing is asked for; whoever comes back after a while sees at once how it is now.
  function follow() {
    clearInterval(timer);
    if (document.hidden) return;
    if (Date.now() - looked >= MINUTE) look();
    timer = setInterval(look, MINUTE);
  }
  document.addEventListener("visibilitychange", follow);
  follow();

  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    const said = document.querySelector("[data-looked]");
    if (ctx.sourceElement !== strip() || !said || !(ctx.response?.status < 400)) return;
    const time = new Date().toLocaleTimeString(document.documentElement.lang, { hour: "numeric", minute: "2-digit" });
    said.textContent = said.dataset.looked.replace("{time}", time);
  });
})();
