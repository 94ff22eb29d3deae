// Tells the shell once when a person could use this page: the first control that can be pressed is drawn, and nothing is
// still loading.
(() => {
  const ready = () =>
    !document.querySelector('[aria-busy="true"]') &&
    [...document.querySelectorAll('button, input, [role="button"]')].some((e) => !e.disabled && e.getClientRects().length);
  const look = () => {
    if (!ready()) return requestAnimationFrame(look);
    // two frames later it is on the glass
    requestAnimationFrame(() => setTimeout(() => fetch("/.shell/usable"), 0));
  };
  addEventListener("DOMContentLoaded", look);
})();
