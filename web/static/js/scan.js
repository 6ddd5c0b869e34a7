// The desk's scanner: reads cards and tickets by camera, by a scanner that types, by hand; checks a card's signature
// here, so that it works without a network. Where there is one, the register has the last word (the form, by htmx).
(() => {
  "use strict";
  const form = document.querySelector("[data-scanner]");
  const field = form.elements.code, { cardDays, publicKey } = form.dataset;
  const state = document.querySelector("[data-revoked]"), camera = document.querySelector("[data-camera]");
  const PREFIX = "NJK1:", SIGNATURE = 64, DAY = 86400000, OLD = 15 * 60000, LOOK = 200, WIDTH = 800;
  const revoked = { serials: null, at: 0 };
  const result = () => document.getElementById("result");

  // Which cards are revoked: fetched now and then, kept by the service worker for when there is no network.
  async function refresh() {
    try {
      const answer = await fetch("/desk/scan/revoked", { headers: { Accept: "application/json", "X-Unattended": "1" } });
      if (answer.ok && !answer.redirected) {
        revoked.serials = new Set((await answer.json()).serials);
        revoked.at = Number(answer.headers.get("Kept-At")) || Date.now();
      }
    } catch { /* the list that is here is used, and its age said */ }
    state.textContent = ageOfList();
  }
  function ageOfList() {
    if (!revoked.serials) return state.dataset.none;
    const when = new Intl.DateTimeFormat(document.documentElement.lang, { month: "long", day: "numeric", hour: "2-digit", minute: "2-digit" });
    return state.dataset.revoked.replace("{when}", when.format(revoked.at));
  }

  function unpack(body) {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", bytes = [];
    let bits = 0, value = 0;
    for (const ch of body.replace(/=+$/, "")) {
      const digit = alphabet.indexOf(ch);
      if (digit < 0) return null;
      value = ((value << 5) | digit) & 0xfff;
      bits += 5;
      if (bits >= 8) bytes.push((value >> (bits -= 8)) & 0xff);
    }
    return Uint8Array.from(bytes);
  }

  async function isSigned(said, signature) {
    const spki = Uint8Array.from(atob(publicKey), (ch) => ch.charCodeAt(0));
    const key = await crypto.subtle.importKey("spki", spki, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
    return crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, signature, said);
  }

  // [verdict, facts] as far as it can be known here.
  async function judge(text) {
    const plain = text.trim().toUpperCase();
    if (!plain.startsWith(PREFIX)) {
      return [/^[0-9A-Z]{6}$/.test(plain.replace(/[\s-]/g, "")) ? "ticket" : "other", {}];
    }
    const signed = unpack(plain.slice(PREFIX.length));
    if (!signed || signed.length <= SIGNATURE) return ["forged", {}];
    const said = signed.slice(0, -SIGNATURE);
    if (!(await isSigned(said, signed.slice(-SIGNATURE)))) return ["forged", {}];
    const [number, name, union, serial, issued] = JSON.parse(new TextDecoder().decode(said));
    const today = new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Shanghai" }).format();
    const age = (Date.parse(today) - Date.parse(issued)) / DAY;
    const facts = { name, union, number: number.replace(/(.{4})(?=.)/g, "$1 ") };
    if (age > Number(cardDays)) return ["expired", facts];
    if (age < -1) return ["clock", facts];
    return [revoked.serials?.has(serial) ? "revoked" : "valid", facts];
  }

  function show(verdict, facts) {
    const copy = document.getElementById(`verdict-${verdict}`).content.cloneNode(true);
    for (const slot of copy.querySelectorAll("[data-slot]")) slot.textContent = facts[slot.dataset.slot] || "";
    for (const age of copy.querySelectorAll("[data-list-age]")) age.textContent = ageOfList();
    result().replaceChildren(copy);
    result().scrollIntoView({ block: "start" });
  }

  let last = "";
  async function scanned(text) {
    if (!text.trim()) return;
    last = text;
    let known = true;
    if (window.crypto?.subtle) show(...(await judge(text)));
    else known = false;
    field.value = text;
    if (navigator.onLine || !known) form.requestSubmit();
    else ready();
  }
  function ready() {
    field.value = "";
    if (matchMedia("(pointer: fine)").matches) field.focus();
  }

  // What a scanner types ends with Enter: judged here first, then sent.
  form.addEventListener("submit", (event) => {
    if (last === field.value) return (last = "");
    event.preventDefault();
    event.stopImmediatePropagation();
    // Later: a form that is just being submitted cannot be submitted again.
    setTimeout(scanned, 0, field.value);
  }, true);
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    if (ctx.sourceElement === form) ready();
  });
  document.addEventListener("htmx:after:swap", () => result().scrollIntoView({ block: "start" }));
  document.addEventListener("click", ({ target }) => {
    if (!target.closest("[data-next]")) return;
    result().replaceChildren();
    ready();
    if (stream) look();
  });

  // The camera, where there is one: the browser's own reader, else jsQR.
  let stream = null, detector = null;
  const video = document.querySelector("video"), canvas = document.createElement("canvas");
  const paper = canvas.getContext("2d", { willReadFrequently: true });

  async function read() {
    if (detector) return (await detector.detect(video))[0]?.rawValue;
    const width = Math.min(WIDTH, video.videoWidth), height = (width * video.videoHeight) / video.videoWidth;
    [canvas.width, canvas.height] = [width, height];
    paper.drawImage(video, 0, 0, width, height);
    const { data } = paper.getImageData(0, 0, canvas.width, canvas.height);
    return window.jsQR(data, canvas.width, canvas.height, { inversionAttempts: "dontInvert" })?.data;
  }
  async function look() {
    if (!stream) return;
    const found = video.videoWidth ? await read() : "";
    if (found) return scanned(found);
    setTimeout(look, LOOK);
  }
  async function start() {
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } } });
    } catch {
      camera.querySelector("[data-refused]").hidden = false;
      return;
    }
    if (await window.BarcodeDetector?.getSupportedFormats().then((known) => known.includes("qr_code"))) {
      detector = new BarcodeDetector({ formats: ["qr_code"] });
    }
    video.srcObject = stream;
    video.hidden = false;
    camera.querySelector("button").hidden = true;
    await video.play();
    look();
  }
  if (navigator.mediaDevices?.getUserMedia) {
    camera.hidden = false;
    camera.querySelector("button").addEventListener("click", start);
  }

  refresh();
  setInterval(() => Date.now() - revoked.at > OLD && navigator.onLine && refresh(), 60000);
  addEventListener("online", refresh);
  // Now there is somebody who keeps the list.
  navigator.serviceWorker?.addEventListener("controllerchange", refresh);
  ready();
})();
