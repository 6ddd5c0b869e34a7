// Keeps what was seen readable without a network: for the person it was shown to, and never a fragment.
//
// The server writes BUILD (version, shell) below this file. Pages come from the network first; a kept page is
// shown where the network fails or dawdles, marked with its age. Every answer says whose it is (Page-For): pages of
// anybody else are thrown away, and all of them when somebody signs out.
"use strict";
const STATIC = "static", SHELL = "shell", VISITOR = "pages-nobody", PAGES = "pages-";
const PAGE_FOR = "Page-For", KEPT = "Kept-At", OFFLINE = "/offline", REVOKED = "/desk/scan/revoked";
const PATIENCE = 4000, MOST_STATIONS = 30, MOST_STATIC = 120;
const KEEP = /^\/(routes(\/[0-9a-f-]{36})?|stations\/[0-9a-f-]{36}|door\/\w+(\/in)?|tickets|tickets\/[0-9a-f-]{36}(\/qr\.svg)?|card)$/;
const OWN = /^\/(card|tickets)/;
// What the desk needs and nobody's data stand in.
const OF_THE_DESK = ["/desk/scan", REVOKED];
const SIGN_OUT = ["/sign-out", "/sign-out/everywhere", "/staff/sign-out"];
// Rises when pages are thrown away: what was asked for before is not kept any more.
let era = 0;

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("message", (event) => {
  if (event.data === "update") self.skipWaiting();
  else if (event.data.keep) event.waitUntil(fetchAndKeep(new URL(event.data.keep, location.origin)));
});
self.addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.method === "POST" && SIGN_OUT.includes(url.pathname)) {
    event.waitUntil(forgetAllBut(""));
    indexedDB.deleteDatabase("outbox");
  }
  if (request.headers.has("HX-Request")) {
    if (request.method === "GET" && OWN.test(url.pathname) && keyOf(url)) event.respondWith(passOn(event, url));
    return;
  }
  if (request.method !== "GET") {
    // A form is never kept and never sent twice; without a network there is a page that says so.
    if (request.mode === "navigate") event.respondWith(fetch(request).catch(offline));
  } else if (url.pathname.startsWith("/static/")) event.respondWith(fromStatic(request));
  else if (request.mode === "navigate" || (keyOf(url) && request.destination !== "document")) {
    event.respondWith(fromNetwork(event, url));
  }
});

async function install() {
  const cache = await caches.open(STATIC);
  for (const url of BUILD.shell) if (!(await cache.match(url))) await cache.add(url);
  await keepOfflinePage();
}

async function activate() {
  await self.registration.navigationPreload?.enable();
  for (const name of await caches.keys()) {
    if (name !== STATIC && name !== SHELL && !name.startsWith(PAGES)) await caches.delete(name);
  }
  await self.clients.claim();
}

async function keepOfflinePage() {
  const page = await fetch(OFFLINE);
  if (page.ok) await (await caches.open(SHELL)).put(OFFLINE, page);
}

// Under which name a page is kept; nothing for pages that are not.
function keyOf(url) {
  const { pathname, search } = url;
  if (pathname === "/" || pathname === "/stations") return search ? "/stations" : "/";
  if (OF_THE_DESK.includes(pathname)) return pathname;
  if (pathname === "/tickets" && search) return "";
  return KEEP.test(pathname) ? pathname : "";
}

async function fromStatic(request) {
  const known = await caches.match(request, { cacheName: STATIC });
  if (known) return known;
  const answer = await fetch(request);
  if (answer.ok) {
    const cache = await caches.open(STATIC);
    await cache.put(request, answer.clone());
    await trim(cache, await cache.keys(), MOST_STATIC);
  }
  return answer;
}

// Files have their content in their name, so the oldest may go; of stations the ones seen longest ago.
async function trim(cache, keys, most) {
  for (const key of keys.slice(0, Math.max(0, keys.length - most))) await cache.delete(key);
}

// A fragment is never kept. Where an open page heard of a change, the kept one is asked for again, or goes.
async function passOn(event, url) {
  const response = await fetch(event.request);
  event.waitUntil(response.headers.has("HX-Redirect") ? drop(url) : fetchAndKeep(url));
  return response;
}

async function fromNetwork(event, url) {
  const asked = era, found = await find(url);
  const answer = ask(event).then((response) => {
    event.waitUntil(look(response, url, asked));
    return response;
  });
  event.waitUntil(answer.catch(() => {}));
  try {
    const response = await (found ? Promise.race([answer, after(PATIENCE)]) : answer);
    if (response && (response.status < 500 || !found)) return response;
  } catch { /* no network */ }
  if (found) return withAge(found);
  return event.request.mode === "navigate" ? offline() : Response.error();
}

async function ask(event) {
  const preloaded = await event.preloadResponse;
  return preloaded || fetch(event.request);
}

const after = (wait) => new Promise((resolve) => setTimeout(resolve, wait));

async function find(url) {
  const key = keyOf(url);
  if (!key) return null;
  // Who opens the app without a network wants the list he saw last.
  const keys = key === "/" ? ["/stations", "/"] : [key];
  const names = (await caches.keys()).filter((name) => name.startsWith(PAGES) && name !== VISITOR);
  for (const wanted of keys) {
    for (const cacheName of [...names, VISITOR, SHELL]) {
      const found = await caches.match(wanted, { cacheName, ignoreVary: true });
      if (found) return found;
    }
  }
  return null;
}

// The page says itself how old it is: <html data-kept="…">.
async function withAge(kept) {
  const headers = new Headers(kept.headers);
  for (const name of ["Content-Encoding", "Content-Length"]) headers.delete(name);
  if (!(headers.get("Content-Type") || "").startsWith("text/html")) return new Response(kept.body, { headers });
  const html = (await kept.text()).replace("<html ", `<html data-kept="${headers.get(KEPT)}" `);
  return new Response(html, { headers });
}

async function offline() {
  const page = await caches.match(OFFLINE, { cacheName: SHELL, ignoreVary: true });
  return page || Response.error();
}

// What an answer tells: whose pages may stay, and whether this one is kept.
async function look(response, url, asked) {
  const copy = response.status === 200 && keyOf(url) ? response.clone() : null;
  const [owner, language] = (response.headers.get(PAGE_FOR) || "").split(" ");
  if (owner) {
    if (await forgetAllBut(owner)) asked = era;
    const page = await caches.match(OFFLINE, { cacheName: SHELL, ignoreVary: true });
    if (page && page.headers.get(PAGE_FOR)?.split(" ")[1] !== language) await keepOfflinePage();
  }
  if (copy && owner && asked === era) await keep(copy, url, owner);
  else if (response.type === "opaqueredirect" || [403, 404, 410].includes(response.status)) await drop(url);
}

async function forgetAllBut(owner) {
  const others = (await caches.keys()).filter(
    (name) => name.startsWith(PAGES) && name !== VISITOR && name !== PAGES + owner,
  );
  if (others.length || !owner) era += 1;
  for (const name of others) await caches.delete(name);
  return others.length > 0;
}

async function keep(response, url, owner) {
  const key = keyOf(url), desk = OF_THE_DESK.includes(key);
  const headers = new Headers(response.headers);
  headers.set(KEPT, String(Date.now()));
  const body = await response.text(), page = (headers.get("Content-Type") || "").startsWith("text/html");
  const cache = await caches.open(desk ? SHELL : PAGES + owner);
  await cache.delete(key, { ignoreVary: true });
  await cache.put(key, new Response(body, { headers }));
  const stations = (await cache.keys()).filter(({ url: kept }) => new URL(kept).pathname.startsWith("/stations/"));
  await trim(cache, stations, MOST_STATIONS);
  if (page) await keepPartsOf(body, key);
}

// What a kept page shows and asks for itself.
async function keepPartsOf(html, key) {
  const cache = await caches.open(STATIC);
  for (const [url] of html.matchAll(/\/static\/(?!share\/)[\w./-]+/g)) if (!(await cache.match(url))) await cache.add(url);
  const code = new URL(`${key}/qr.svg`, location.origin);
  if (key.startsWith("/tickets/") && !(await find(code))) await fetchAndKeep(code);
}

async function drop(url) {
  const key = keyOf(url);
  if (!key) return;
  for (const name of await caches.keys()) {
    if (name.startsWith(PAGES)) await (await caches.open(name)).delete(key, { ignoreVary: true });
  }
}

async function fetchAndKeep(url) {
  if (!keyOf(url)) return;
  const asked = era;
  await look(await fetch(url, { redirect: "manual" }), url, asked);
}
