// The display of called numbers: after one tap (browsers want one) each new call is spoken.
(() => {
  "use strict";
  const button = document.querySelector("[data-sound]");
  const calls = () => [...document.querySelectorAll("[data-call]")].reverse();
  const said = new Set(calls().map((call) => call.dataset.call));
  let on = false;

  function say(text) {
    const words = new SpeechSynthesisUtterance(text);
    words.lang = document.documentElement.lang;
    words.rate = 0.9;
    speechSynthesis.speak(words);
  }

  // Oldest first, each time that a number is called out, also what was missed while the line was down.
  document.addEventListener("htmx:after:swap", () => {
    for (const call of calls()) {
      if (said.has(call.dataset.call)) continue;
      said.add(call.dataset.call);
      if (on) say(call.dataset.say);
    }
  });

  if (!("speechSynthesis" in window)) return button.remove();
  button.addEventListener("click", () => {
    on = !on;
    button.setAttribute("aria-pressed", String(on));
    button.querySelector("span").textContent = on ? button.dataset.on : button.dataset.off;
    speechSynthesis.cancel();
    if (on) say(button.dataset.test);
  });
})();
