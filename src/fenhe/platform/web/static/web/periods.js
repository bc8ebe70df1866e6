// Keys that step through periods: the links say where to, so that the address holds the state.
"use strict";
(() => {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, [data-arrows], [role=region], .panel")) return;
    const way = { ArrowLeft: "back", ArrowRight: "on" }[event.key];
    if (!way) return;
    const link = document.querySelector(`[data-step="${event.shiftKey ? "year_" : ""}${way}"]`);
    if (!link) return;
    event.preventDefault();
    const url = new URL(link.href);
    const why = new URL(location.href).searchParams.get("why");
    if (why) url.searchParams.delete("why");
    location.href = url.href;
  });
})();
