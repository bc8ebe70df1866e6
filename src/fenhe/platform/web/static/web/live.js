// Parts of a page that follow the server: asked for again, merged in place, so that focus, scroll
// and what is selected stay. Nothing is asked for while nobody looks.
"use strict";
(() => {
  const SLOWER = 4; // after a failure, so many times the usual pause

  const start = (block) => {
    const every = Number(block.dataset.every) * 1000;
    let timer = 0, before = "", asking = false;

    const lost = (is) => {
      const line = block.querySelector("[data-live-state]");
      if (!line || line.classList.contains("wrong") === is) return;
      line.classList.toggle("wrong", is);
      if (is) line.textContent = line.dataset.lost;
      else before = ""; // the line is written anew by the next answer
    };

    const ask = async () => {
      if (document.hidden || asking) return;
      asking = true;
      let pause = every;
      try {
        const answer = await fetch(block.dataset.live, { headers: { "HX-Request": "true" },
          redirect: "manual", signal: AbortSignal.timeout(20000) });
        if (answer.type === "opaqueredirect") { location.reload(); return; } // logged out
        if (!answer.ok) throw new Error(String(answer.status));
        const text = await answer.text();
        lost(false);
        if (text !== before) {
          const chosen = getSelection();
          const reading = chosen && !chosen.isCollapsed && block.contains(chosen.anchorNode);
          if (!reading) { // what somebody is copying stays as it is
            before = text;
            await window.htmx.swap({ text, sourceElement: block, target: block, swap: "innerMorph" });
            document.dispatchEvent(new CustomEvent("fenhe:fresh"));
          }
        }
      } catch {
        lost(true);
        pause = every * SLOWER;
      } finally {
        asking = false;
      }
      timer = setTimeout(ask, pause);
    };

    document.addEventListener("visibilitychange", () => { clearTimeout(timer); if (!document.hidden) ask(); });
    timer = setTimeout(ask, every);
  };

  for (const block of document.querySelectorAll("[data-live]")) start(block);
})();
