// The arrow keys of a calendar of days: one day is in the order of the tab key, the arrows go on.
"use strict";
(() => {
  for (const calendar of document.querySelectorAll(".calendar")) {
    const days = [...calendar.querySelectorAll("a.lv, span.lv")];
    const links = days.filter((day) => day.matches("a"));
    const only = (link) => {
      for (const other of links) other.tabIndex = -1;
      link.tabIndex = 0;
    };
    if (links.length) only(links[links.length - 1]);
    calendar.addEventListener("focusin", (event) => {
      const link = event.target.closest("a.lv");
      if (link) only(link);
    });
    calendar.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[event.key];
      const link = event.target.closest("a.lv");
      if (!by || !link || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      let at = days.indexOf(link) + by;
      while (days[at] && !days[at].matches("a")) at += Math.sign(by);
      days[at]?.focus();
    });
  }
})();
