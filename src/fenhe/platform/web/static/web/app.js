// The evidence panel, and links that carry the state of the page with them.
"use strict";
(() => {
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });

  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button?.dataset.wait) return;
    button.textContent = button.dataset.wait;
    setTimeout(() => { button.disabled = true; }, 0);
  });

  const panel = document.getElementById("panel");
  const body = document.getElementById("panel-body");
  if (!panel || !body) return;
  const root = document.body.dataset.evidence;
  let opener = null;

  // A long row of a file is shown from the cells that were used.
  const showUsed = (where) => {
    for (const raw of where.querySelectorAll(".raw")) {
      const used = raw.querySelector(".used");
      if (used) raw.scrollLeft = Math.max(0, used.offsetLeft - 72);
    }
  };
  showUsed(document);

  const setParam = (name, value) => {
    const url = new URL(location.href);
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
    history.replaceState(null, "", url);
  };

  const say = (text) => {
    const line = document.createElement("p");
    line.className = "evidence quiet";
    line.textContent = text;
    body.replaceChildren(line);
  };

  const open = async (path) => {
    const wait = setTimeout(() => say(body.dataset.loading), 300);
    panel.classList.add("open");
    document.body.classList.add("with-panel");
    setParam("why", path.slice(root.length).replace(/\/(\?.*)?$/, ""));
    let failed = false;
    const note = () => { failed = true; };
    body.addEventListener("htmx:response:error", note, { once: true });
    body.addEventListener("htmx:error", note, { once: true });
    try {
      await htmx.ajax("GET", path, { source: body, target: body, swap: "innerHTML" });
    } catch {
      failed = true;
    }
    clearTimeout(wait);
    if (failed && !body.querySelector(".evidence h1")) say(body.dataset.failed);
    panel.scrollTop = 0;
    showUsed(body);
    panel.focus({ preventScroll: true });
    document.dispatchEvent(new CustomEvent("fenhe:panel"));
  };

  const close = () => {
    if (!panel.classList.contains("open")) return;
    panel.classList.remove("open");
    document.body.classList.remove("with-panel");
    setParam("why", "");
    body.replaceChildren();
    if (opener?.isConnected) opener.focus({ preventScroll: true });
    opener = null;
    document.dispatchEvent(new CustomEvent("fenhe:panel"));
  };

  document.addEventListener("click", (event) => {
    if (event.defaultPrevented) return;
    if (event.target.closest("[data-close-panel]")) {
      event.preventDefault();
      close();
      return;
    }
    const language = event.target.closest("a[data-language]");
    if (language) {
      const url = new URL(language.href);
      url.search = location.search;
      language.href = url.href;
      return;
    }
    const link = event.target.closest("a[data-why]");
    const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (!link || !plain) return;
    event.preventDefault();
    if (!panel.contains(link)) opener = link;
    open(link.getAttribute("href"));
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) close();
  });

  const why = new URL(location.href).searchParams.get("why");
  if (why && /^[\w.:~\-/%\u4e00-\u9fff]+$/.test(why)) open(`${root}${why}/`);
})();
