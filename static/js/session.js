// Warns before the session ends, and lets a person stay. Without it the session ends all the same,
// and what was typed is kept by the server.
(() => {
  const dialog = document.getElementById("session-watch");
  if (!dialog) return;

  const WARN_MS = 120_000;
  const TICK_MS = 1_000;
  const SHARED = "session-idle-ends";
  const loaded = Date.now();
  const idleS = Number(dialog.dataset.idleS);
  const wholeEnds = loaded + Number(dialog.dataset.wholeS) * 1000;
  const form = dialog.querySelector("[data-watch-form]");
  const stay = dialog.querySelector("[data-watch-stay]");
  let fullS = idleS;
  let putAway = "";

  // All tabs of a browser share one session: a click in one keeps the others open.
  let own = 0;
  function prolong(seconds) {
    own = Date.now() + seconds * 1000;
    try {
      window.localStorage.setItem(SHARED, String(own));
    } catch {
      // This tab still counts for itself.
    }
  }

  function idleEnds() {
    try {
      return Math.max(own, Number(window.localStorage.getItem(SHARED)) || 0);
    } catch {
      return own;
    }
  }

  function clock(moment) {
    const options = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
    return new Intl.DateTimeFormat(document.documentElement.lang, options).format(moment);
  }

  function say(what, moment) {
    for (const words of dialog.querySelectorAll("[data-watch]")) {
      words.hidden = words.dataset.watch !== what;
      const at = words.querySelector("[data-watch-at]");
      if (at && moment) at.textContent = clock(moment);
    }
    stay.hidden = what !== "idle";
    if (!dialog.open) dialog.showModal();
    (stay.hidden ? dialog.querySelector("[data-watch-close]") : stay).focus();
  }

  function look() {
    const now = Date.now();
    const idle = idleEnds();
    const ends = Math.min(idle, wholeEnds);
    const warn = Math.min(WARN_MS, (fullS * 1000) / 2);
    let what = "";
    if (now >= ends) what = "over";
    else if (now >= ends - warn) what = wholeEnds <= idle ? "whole" : "idle";
    if (what === dialog.dataset.says) return;
    dialog.dataset.says = what;
    if (what && what !== putAway) say(what, ends);
    else if (!what && dialog.open) dialog.close();
    if (!what) putAway = "";
  }

  dialog.addEventListener("close", () => {
    putAway = dialog.dataset.says;
  });
  dialog.querySelector("[data-watch-close]").addEventListener("click", () => dialog.close());

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const headers = { Accept: "application/json" };
      const options = { method: "POST", body: new FormData(form), headers };
      const answer = await window.fetch(form.action, options);
      if (!answer.ok) throw new Error(String(answer.status));
      const left = await answer.json();
      fullS = left.idle_s;
      prolong(left.idle_s);
    } catch {
      own = 0;
      try {
        window.localStorage.removeItem(SHARED);
      } catch {
        // Nothing was shared.
      }
    }
    look();
  });

  // Parts of a page that a person asked for keep the session too; those that ask by themselves not.
  document.addEventListener("htmx:afterRequest", (event) => {
    const { requestConfig, xhr } = event.detail;
    const byItself = requestConfig && requestConfig.headers["Comptoir-Poll"];
    if (!byItself && xhr && xhr.status < 400) prolong(fullS);
  });

  prolong(idleS);
  window.setInterval(look, TICK_MS);
})();
