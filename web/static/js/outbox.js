// The outbox: a form that a lost line kept back waits on this phone, goes out once there is a line, one after the
// other, and says what became of it. Only forms that say so (data-outbox) may wait: sent twice they do no more than once.
(() => {
  "use strict";
  const box = document.querySelector("[data-outbox-box]");
  if (!box || !window.indexedDB) return;
  const { owner, waiting, sending, still, sent, refused, expired, foreign, locked } = box.dataset;
  const NOBODY = "nobody", KEPT = 72 * 3600e3, AGAIN = 30000, PATIENCE = 20000;
  const $ = (selector, root = box) => root.querySelector(selector);
  const tabs = window.BroadcastChannel && new BroadcastChannel("outbox");
  const waits = ({ state }) => state === "waiting" || state === "sign-in";
  // What goes out now, and whether somebody asked for it and there was no line.
  let busy = 0, unreached = false;

  function open() {
    return new Promise((done, fail) => {
      const asked = indexedDB.open("outbox", 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore("entries", { keyPath: "id", autoIncrement: true });
      asked.onsuccess = () => done(asked.result);
      asked.onerror = () => fail(asked.error);
    });
  }

  // One transaction: act gets all entries in their order, and the store; what it returns comes back once that holds.
  async function within(act) {
    const db = await open();
    try {
      return await new Promise((done, fail) => {
        const change = db.transaction("entries", "readwrite"), store = change.objectStore("entries");
        let result;
        store.getAll().onsuccess = ({ target }) => {
          const claim = target.result.find(({ id }) => id === "claim");
          result = act(target.result.filter((entry) => entry !== claim), store, claim);
        };
        change.oncomplete = () => done(result);
        change.onabort = () => fail(change.error);
      });
    } finally {
      db.close();
    }
  }

  // The same form filled in again takes the place of what waits.
  const keep = (entry) => within((all, store) => {
    const same = all.find((other) => waits(other) && other.owner === entry.owner && other.url === entry.url);
    store.put(same ? { ...entry, id: same.id } : entry);
  });

  // What was deleted or filled in again meanwhile stays as it is.
  const settle = (entry, change) => within((all, store) => {
    const known = all.find(({ id, created }) => id === entry.id && created === entry.created);
    if (known) store.put({ ...known, ...change });
  });

  // Two tabs never send at once: by a lock, or in browsers without one by a claim that runs out.
  async function alone(act) {
    if (navigator.locks) return navigator.locks.request("outbox", act);
    const until = Date.now() + 3 * PATIENCE;
    const mine = await within((_all, store, claim) => {
      if (claim?.until > Date.now()) return false;
      store.put({ id: "claim", until });
      return true;
    });
    if (!mine) return;
    try {
      await act();
    } finally {
      await within((_all, store, claim) => claim?.until === until && store.delete("claim"));
    }
  }

  const ask = (url, more) => fetch(url, { cache: "no-store", signal: AbortSignal.timeout?.(PATIENCE), ...more });

  async function send(byHand) {
    if (!(await within((all) => all.some(waits)))) return;
    unreached = false;
    let next = "";
    await alone(async () => {
      // What goes out by itself is nobody at work: it keeps no session alive.
      const headers = byHand ? {} : { "X-Unattended": "1" };
      try {
        const who = await (await ask("/outbox/token", { headers })).json();
        await sortOut(who.owner);
        const first = () => within((all) => all.find((entry) => waits(entry) && entry.owner === who.owner));
        for (let entry = await first(); entry; entry = await first()) {
          await tell(entry.id);
          const end = await post(entry, { ...headers, "X-CSRF-Token": who.token });
          await settle(entry, { ...end, tries: entry.tries + 1 });
          if (end.state === "waiting") throw end;
          if (end.state === "sign-in") break;
          if (end.link && entry.page === location.pathname + location.search) next = end.link;
        }
      } catch { unreached = byHand; }
    });
    await tell(0);
    // Who stood waiting at the form goes on from there.
    if (byHand && next) follow(next);
  }

  // Whose things wait, by the server's word: another's go, with a note; too old ones are given up.
  const sortOut = (now) => within((all, store) => {
    const created = Date.now(), others = now === NOBODY ? [] : all.filter((entry) => entry.owner !== now);
    for (const entry of others) store.delete(entry.id);
    if (others.some(waits)) store.add({ owner: now, state: "foreign", created });
    for (const entry of all) {
      if (others.includes(entry)) continue;
      const old = entry.created < created - KEPT;
      if (waits(entry)) store.put({ ...entry, state: old ? "expired" : now === NOBODY ? "sign-in" : "waiting" });
      else if (old) store.delete(entry.id);
    }
  });

  async function post(entry, headers) {
    let answer, said = "";
    try {
      const body = new URLSearchParams(entry.fields);
      answer = await ask(entry.url, { method: "POST", body, headers: { ...headers, "HX-Request": "true", "X-Outbox": "1" } });
      if (answer.status >= 400) ({ said } = await answer.json().catch(() => ({})));
    } catch {
      return { state: "waiting" };
    }
    const { status } = answer;
    if (status === 401) return { state: "sign-in" };
    if (status >= 500 || status === 408 || status === 429) return { state: "waiting" };
    if (status >= 400) return { state: "refused", said, link: entry.again };
    const link = answer.headers.get("HX-Redirect") || entry.page;
    navigator.serviceWorker?.controller?.postMessage({ keep: new URL(link, location.href).href });
    return { state: "sent", link };
  }

  function follow(link) {
    within((all, store) => {
      for (const entry of all) if (entry.state === "sent" && entry.link === link) store.delete(entry.id);
    }).then(() => location.assign(link));
  }

  async function forget(ids) {
    await alone(() => within((all, store) => {
      // What went out while one was deciding stays, and says so.
      for (const { id, state } of all) if (ids.get(id) === state) store.delete(id);
    }));
    await tell(0);
  }

  function tell(id) {
    busy = id;
    tabs?.postMessage(id);
    return draw();
  }

  function row(entry, tone, title, more) {
    const item = $("[data-outbox-row]").content.cloneNode(true).firstElementChild;
    const [words, what, link, drop] = ["words", "what", "link", "drop"].map((name) => $(`[data-${name}]`, item));
    item.classList.add(tone);
    const picture = $("use", item), name = { good: "check", bad: "warning", wait: "clock" }[tone];
    picture.setAttribute("href", picture.getAttribute("href").replace(/#.*/, `#${name}`));
    words.textContent = title;
    what.textContent = entry.what || "";
    if (more.link) {
      link.href = more.link;
      link.textContent = more.see;
      link.addEventListener("click", () => sessionStorage.setItem("outbox", [...more.ids.keys()]));
    } else link.remove();
    if (more.drop) {
      $("span", drop).textContent = more.drop;
      drop.addEventListener("click", () => forget(more.ids));
    } else drop.remove();
    return item;
  }

  async function draw(open) {
    const all = await within((entries) => entries);
    const shown = all.filter((entry) => !owner || entry.owner === owner || waits(entry) && owner === NOBODY);
    const shut = shown.filter((entry) => waits(entry) && (owner === NOBODY || entry.state === "sign-in"));
    const queue = shown.filter((entry) => waits(entry) && !shut.includes(entry)), ended = shown.filter((entry) => !waits(entry));
    const ids = (...entries) => new Map(entries.map(({ id, state }) => [id, state]));
    const { stop, seen, signIn, see } = box.dataset, titles = { sent, refused, expired, foreign };
    box.hidden = !shown.length;
    $("[data-outbox-waiting]").hidden = !queue.length;
    $("[data-outbox-count]").textContent = waiting.replace("{n}", queue.length);
    $("[data-outbox-still]").hidden = !unreached;
    $("[data-outbox-queue]").replaceChildren(...queue.map((entry) => {
      const going = entry.id === busy;
      return row(entry, "wait", going ? sending : box.dataset.kept, { drop: !going && stop, ids: ids(entry) });
    }));
    $("[data-outbox-ended]").replaceChildren(
      // Of whoever is not signed in, nothing is shown but that something waits.
      ...shut.slice(0, 1).map(() => row({ state: "sign-in" }, "wait", locked.replace("{n}", shut.length), {
        link: `/sign-in?next=${location.pathname}`, see: signIn, drop: stop, ids: ids(...shut),
      })),
      ...ended.map((entry) => {
        const good = entry.state === "sent", said = good ? entry.done : entry.said || "";
        const title = titles[entry.state].replace("{said}", said);
        const more = { link: good ? entry.link : entry.again, see: good && entry.see || see, drop: seen, ids: ids(entry) };
        return row(entry, good ? "good" : "bad", title, more);
      }),
    );
    if (!open) return;
    const list = $("[data-outbox-waiting]");
    list.open = true;
    $("summary", list).focus();
    box.scrollIntoView({ block: "start" });
  }

  document.addEventListener("lost", (event) => {
    const { target: form, detail: { button, say } } = event;
    if (!form.matches("form[data-outbox]") || !owner || owner === NOBODY || button?.matches("[data-at-once]")) return;
    event.preventDefault();
    const fields = [...new FormData(form)].filter(([name, value]) => name !== "_csrf" && typeof value === "string");
    if (button?.name) fields.push([button.name, button.value]);
    const { outbox: what, done, see, again } = form.dataset, url = form.getAttribute("action");
    const page = location.pathname + location.search, created = Date.now();
    keep({ owner, url, fields, what, done, see, again: again || page, page, created, tries: 0, state: "waiting" })
      .then(() => draw(true).then(() => tabs?.postMessage(0)), say);
  });
  // Signing out leaves nothing behind; the service worker does the same for the pages.
  document.addEventListener("submit", ({ target }) => {
    if (!/^(\/staff)?\/sign-out/.test(target.getAttribute("action"))) return;
    // Where this page leaves before that is done, the next one does it.
    sessionStorage.setItem("outbox", "all");
    within((_all, store) => store.clear()).then(() => tell(0));
  }, true);

  // What somebody has gone to see is done with, and nothing stays of whoever had all about himself deleted.
  async function start() {
    const noted = sessionStorage.getItem("outbox") || "", looked = noted.split(",").map(Number);
    const gone = noted === "all" || (location.pathname === "/erased" && owner === NOBODY);
    sessionStorage.removeItem("outbox");
    await within((all, store) => {
      for (const entry of all) if (gone || !waits(entry) && looked.includes(entry.id)) store.delete(entry.id);
    });
    await draw();
    await run(false);
  }

  const run = (byHand) => send(byHand).catch(() => { /* a browser that keeps nothing */ });
  $("[data-outbox-now]").addEventListener("click", () => run(true));
  if (tabs) tabs.onmessage = ({ data }) => { busy = data; draw(); };
  addEventListener("online", () => run(false));
  addEventListener("pageshow", () => start().catch(() => { /* as above */ }));
  document.addEventListener("visibilitychange", () => document.hidden || run(false));
  // A line that is back does not always say so.
  setInterval(() => document.hidden || !navigator.onLine || run(false), AGAIN);
})();
