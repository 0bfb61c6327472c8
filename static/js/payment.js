// The page of a payment: printing, and not taking away what is being typed.
(() => {
  for (const button of document.querySelectorAll("[data-print]")) {
    button.addEventListener("click", () => window.print());
  }

  // A part that polls has the page read anew when something moved; never over unsent words.
  const isBeingTyped = () =>
    [...document.querySelectorAll("main textarea")].some((one) => one.value !== one.defaultValue);

  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const answer = event.detail.xhr;
    if (answer.getResponseHeader("HX-Refresh") !== "true" || !isBeingTyped()) return;
    event.preventDefault();
    const said = document.querySelector("[data-moved]");
    if (said) said.hidden = false;
  });
})();
