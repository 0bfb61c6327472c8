// What the keyboard and the menus do. Every page works without it.
(() => {
  const root = document.documentElement;

  function remember(key, value) {
    try {
      window.localStorage.setItem(key, value);
    } catch {
      // A browser that keeps nothing still works; the choice lasts for this page.
    }
  }

  function recall(key) {
    try {
      return window.localStorage.getItem(key);
    } catch {
      return null;
    }
  }

  // Menu of the narrow screen
  const toggle = document.querySelector("[data-menu-toggle]");
  if (toggle) {
    const menu = document.getElementById(toggle.getAttribute("aria-controls"));
    const show = (open) => {
      toggle.setAttribute("aria-expanded", String(open));
      menu.classList.toggle("is-open", open);
    };
    show(false);
    toggle.addEventListener("click", () => show(toggle.getAttribute("aria-expanded") !== "true"));
    menu.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        show(false);
        toggle.focus();
      }
    });
  }

  // Theme
  const choices = [...document.querySelectorAll("[data-theme-set]")];
  function markTheme() {
    for (const button of choices) {
      const chosen = button.dataset.themeSet === root.dataset.themeChoice;
      button.setAttribute("aria-pressed", String(chosen));
    }
  }
  for (const button of choices) {
    button.addEventListener("click", () => {
      remember("theme", button.dataset.themeSet);
      document.dispatchEvent(new CustomEvent("comptoir:theme"));
      markTheme();
    });
  }
  markTheme();

  // Messages can be put away
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-dismiss]");
    if (button) button.closest(".alert").remove();
  });

  // Keyboard
  const help = document.getElementById("keyboard-help");
  const onOff = document.querySelector("[data-shortcuts]");
  const shortcutsOn = () => recall("shortcuts") !== "off";
  if (onOff) {
    onOff.checked = shortcutsOn();
    onOff.addEventListener("change", () => remember("shortcuts", onOff.checked ? "on" : "off"));
  }
  for (const button of document.querySelectorAll("[data-keyboard-help]")) {
    button.addEventListener("click", () => openHelp());
  }

  const ROWS = "[data-rows] tbody tr, [data-rows] > li";

  // The row's own link takes the focus: Enter then opens it, and a screen reader says its name.
  function moveRow(step) {
    const links = [...document.querySelectorAll(ROWS)]
      .map((row) => row.querySelector("a[data-row-link]") || row.querySelector("a[href]"))
      .filter(Boolean);
    if (!links.length) return false;
    const row = document.activeElement.closest(ROWS);
    const current = row ? links.findIndex((link) => row.contains(link)) : -1;
    const first = step > 0 ? 0 : links.length - 1;
    const next = current < 0 ? first : Math.min(Math.max(current + step, 0), links.length - 1);
    links[next].focus();
    links[next].closest(ROWS).scrollIntoView({ block: "nearest" });
    return true;
  }

  function focusSearch() {
    const search = document.querySelector("[data-search], input[type=search]");
    if (!search) return false;
    search.focus();
    search.select();
    return true;
  }

  // What this page offers under a key: a link is followed, a button pressed, a field entered.
  // One that may not be pressed takes the focus, so that its reason is heard.
  function actOnPage(key) {
    const found = document.querySelector(`main [data-shortcut="${CSS.escape(key)}"]`);
    if (!found) return false;
    if (found.matches("a[href], button:not([aria-disabled=true])")) found.click();
    else found.focus();
    return true;
  }

  const labelOf = (one) => one.dataset.shortcutLabel || one.textContent.trim();

  function listPageKeys() {
    const list = help.querySelector("[data-page-keys]");
    for (const old of list.querySelectorAll("[data-page-key]")) old.remove();
    for (const one of document.querySelectorAll("main [data-shortcut]")) {
      const term = document.createElement("dt");
      const key = document.createElement("kbd");
      const words = document.createElement("dd");
      key.textContent = one.dataset.shortcut;
      words.textContent = labelOf(one);
      term.append(key);
      for (const part of [term, words]) {
        part.dataset.pageKey = "";
        list.append(part);
      }
    }
  }

  function pickRow() {
    const row = document.activeElement.closest("[data-rows] tbody tr");
    if (!row || !row.querySelector("[data-pick]")) return false;
    document.dispatchEvent(new CustomEvent("comptoir:pick", { detail: row }));
    return true;
  }

  function openHelp() {
    if (!help) return false;
    listPageKeys();
    help.showModal();
    return true;
  }

  const keys = {
    "/": focusSearch,
    "?": openHelp,
    j: () => moveRow(1),
    k: () => moveRow(-1),
    x: pickRow,
  };

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], dialog[open]");
    const withModifier = event.ctrlKey || event.metaKey || event.altKey;
    if (typing || withModifier || event.isComposing || !shortcutsOn()) return;
    const act = keys[event.key] || (() => event.key.length === 1 && actOnPage(event.key));
    if (act()) event.preventDefault();
  });
})();

// Who leaves a page breaks off what it still asked for: nothing went wrong, so nothing is told.
(() => {
  let isLeaving = false;
  window.addEventListener("pagehide", () => {
    isLeaving = true;
  });
  window.addEventListener("pageshow", () => {
    isLeaving = false;
  });
  document.addEventListener("htmx:beforeSend", (event) => {
    const { xhr } = event.detail;
    const told = xhr.onabort;
    // Should the page come back after all, what was broken off is tidied up then.
    xhr.onabort = () => {
      if (isLeaving) window.addEventListener("pageshow", told, { once: true });
      else told();
    };
  });
})();
