// Shows the one of the three languages that the person's system asks for.
const known = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => ["en", "hi", "ar"].includes(tag));
document.documentElement.dataset.lang = known ?? "en";
addEventListener("DOMContentLoaded", () =>
  [...document.querySelectorAll("a")].find((link) => link.getClientRects().length)?.focus(),
);
