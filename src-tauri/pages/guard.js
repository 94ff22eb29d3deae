// A till's window is not a browser: nothing here reloads, zooms, goes back or opens a menu by accident.
(() => {
  const alone = new Set(["F5", "F11", "F12", "BrowserBack", "BrowserForward", "BrowserRefresh"]);
  const withControl = new Set(["r", "w", "+", "-", "=", "0"]);
  const stop = (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  addEventListener(
    "keydown",
    (event) => {
      const control = event.ctrlKey || event.metaKey;
      const back = event.altKey && (event.key === "ArrowLeft" || event.key === "ArrowRight");
      if (alone.has(event.key) || back || (control && withControl.has(event.key.toLowerCase()))) stop(event);
    },
    { capture: true },
  );
  addEventListener("contextmenu", stop, { capture: true });
  // pinch on a touch pad is a wheel with control; on a screen it is two fingers
  addEventListener("wheel", (event) => event.ctrlKey && stop(event), { capture: true, passive: false });
  addEventListener("touchmove", (event) => event.touches.length > 1 && event.preventDefault(), { capture: true, passive: false });
  for (const name of ["gesturestart", "gesturechange"]) addEventListener(name, stop, { capture: true });
  addEventListener("DOMContentLoaded", () => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("html { touch-action: pan-x pan-y; overscroll-behavior: none; }");
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  });
})();
