// Enhancements only: every page works without this file.
(() => {
  "use strict";
  const all = (selector, root = document) => root.querySelectorAll(selector);

  function focusErrors(root) {
    const box = root.querySelector?.("[data-focus]");
    if (box) box.focus();
  }

  // <button data-locate data-href="/stations" data-busy data-denied data-failed> with <p data-locate-message>
  function locate(button) {
    const message = document.querySelector("[data-locate-message]");
    const say = (text) => {
      if (message) {
        message.textContent = text;
        message.hidden = !text;
      }
      button.removeAttribute("aria-busy");
    };
    if (!navigator.geolocation) return say(button.dataset.failed);
    button.setAttribute("aria-busy", "true");
    if (message) {
      message.textContent = button.dataset.busy;
      message.hidden = false;
    }
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const url = new URL(button.dataset.href, location.href);
        url.searchParams.set("lat", coords.latitude.toFixed(5));
        url.searchParams.set("lng", coords.longitude.toFixed(5));
        url.searchParams.set("datum", "wgs84");
        location.assign(url);
      },
      (error) => say(error.code === error.PERMISSION_DENIED ? button.dataset.denied : button.dataset.failed),
      { enableHighAccuracy: false, timeout: 10000, maximumAge: 120000 },
    );
  }

  async function share(button) {
    const url = new URL(button.dataset.share, location.href).href;
    try {
      if (navigator.share) await navigator.share({ title: document.title, url });
      else {
        await navigator.clipboard.writeText(url);
        button.querySelector("span").textContent = button.dataset.copied;
      }
    } catch { /* closing the share sheet is not an error */ }
  }

  function speak(button) {
    const target = button.dataset.speak ? document.querySelector(button.dataset.speak) : button.closest(".card");
    if (speechSynthesis.speaking) return speechSynthesis.cancel();
    const words = new SpeechSynthesisUtterance(target.innerText);
    words.lang = document.documentElement.lang;
    words.rate = 0.9;
    speechSynthesis.speak(words);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-locate],[data-share],[data-speak],[data-print]");
    if (!button) return;
    if ("locate" in button.dataset) locate(button);
    else if ("share" in button.dataset) share(button);
    else if ("speak" in button.dataset) speak(button);
    else window.print();
  });

  // <input type="file" data-shrink>: a photo travels small where the phone can do that; the server does it anyway.
  async function shrink(input) {
    const [file] = input.files;
    if (!file || file.size < 300000) return;
    try {
      const photo = await createImageBitmap(file, { imageOrientation: "from-image" });
      const part = Math.min(1, 1280 / Math.max(photo.width, photo.height));
      const canvas = document.createElement("canvas");
      canvas.width = photo.width * part;
      canvas.height = photo.height * part;
      canvas.getContext("2d").drawImage(photo, 0, 0, canvas.width, canvas.height);
      const small = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.8));
      const sent = new DataTransfer();
      sent.items.add(new File([small], "photo.jpg", { type: small.type }));
      if (small.size < file.size && input.files[0] === file) input.files = sent.files;
    } catch { /* it goes as it is */ }
  }
  document.addEventListener("change", ({ target }) => {
    if (target.matches("[data-shrink]")) shrink(target);
  });

  // data-expires: seconds until an offer ends, or with data-then="enable" begins; data-seconds inside shows them
  // counting down.
  function countDown(box) {
    if (box.dataset.counting) return;
    box.dataset.counting = "1";
    const end = Date.now() + Number(box.dataset.expires) * 1000;
    const shown = box.querySelector("[data-seconds]");
    const enables = box.dataset.then === "enable";
    if (enables) for (const button of all("button", box)) button.disabled = true;
    const timer = setInterval(() => {
      const left = Math.ceil((end - Date.now()) / 1000);
      if (shown) shown.textContent = String(Math.max(left, 0));
      if (left > 0 && box.isConnected) return;
      clearInterval(timer);
      if (enables) {
        for (const button of all("button", box)) button.disabled = false;
        for (const wait of all("[data-js]", box)) wait.hidden = true;
      } else box.remove();
    }, 500);
  }

  // <… data-live>: the little lamp that says whether this page hears of changes.
  function lamp(on) {
    for (const light of all("[data-live]")) {
      light.classList.toggle("on", on);
      light.classList.toggle("off", !on);
      light.textContent = on ? light.dataset.on : light.dataset.off;
    }
  }
  document.addEventListener("htmx:sse:after:connection", () => lamp(true));
  document.addEventListener("htmx:sse:error", () => lamp(false));
  document.addEventListener("htmx:sse:close", () => lamp(false));

  // What a page asks for by itself (every minute, after an event) is not somebody at work: it keeps no session alive.
  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    if (!ctx.sourceEvent?.isTrusted) ctx.request.headers["X-Unattended"] = "1";
  });

  function enhance(root) {
    for (const box of all("[data-expires]", root)) countDown(box);
    for (const box of all("[data-js]", root)) box.hidden = false;
    if (!("speechSynthesis" in window)) for (const button of all("[data-speak]", root)) button.hidden = true;
    const today = root.querySelector?.(".days [aria-current]");
    if (today) today.scrollIntoView({ block: "nearest", inline: "center" });
  }
  document.addEventListener("htmx:after:swap", () => {
    enhance(document);
    focusErrors(document);
  });
  enhance(document);
  focusErrors(document);
  // On a phone the rooms of the desk are wider than the screen: show where one is.
  const room = document.querySelector(".rooms [aria-current]");
  if (room) room.parentElement.scrollLeft = room.offsetLeft - (room.parentElement.clientWidth - room.offsetWidth) / 2;
})();
