// Says in words that the next page is on its way, when it takes longer than one expects.
(() => {
  const PATIENCE_MS = 800;
  const place = document.querySelector("[data-still-waiting]");
  let timer = 0;
  let isDownload = false;

  function show() {
    place.textContent = place.dataset.stillWaiting;
    place.hidden = false;
  }

  function hide() {
    clearTimeout(timer);
    place.hidden = true;
    place.textContent = "";
  }

  // What is saved to a file leaves no page: nothing would take the words away again.
  document.addEventListener("click", (event) => {
    isDownload = Boolean(event.target.closest("a[download]"));
  });
  window.addEventListener("beforeunload", () => {
    if (!isDownload) timer = setTimeout(show, PATIENCE_MS);
    isDownload = false;
  });
  window.addEventListener("pageshow", hide);
})();
