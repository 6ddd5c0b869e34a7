// A card that was kept too long says so itself.
(() => {
  "use strict";
  const card = document.querySelector("[data-holds-until]");
  const today = new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Shanghai" }).format();
  if (!card || today <= card.dataset.holdsUntil) return;
  card.classList.add("expired");
  card.querySelector("[data-expired]").hidden = false;
})();
