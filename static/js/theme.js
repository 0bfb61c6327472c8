// Runs before the first paint, so that a page never flashes in the other theme.
// The key is the one the Django admin uses: both sides follow one choice.
(() => {
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");

  function stored() {
    try {
      const value = window.localStorage.getItem("theme");
      return value === "light" || value === "dark" ? value : "auto";
    } catch {
      return "auto";
    }
  }

  function apply() {
    const choice = stored();
    const dark = choice === "dark" || (choice === "auto" && system.matches);
    root.dataset.bsTheme = dark ? "dark" : "light";
    root.dataset.themeChoice = choice;
  }

  root.classList.add("js");
  apply();
  system.addEventListener("change", apply);
  window.addEventListener("storage", apply);
  document.addEventListener("comptoir:theme", apply);
})();
