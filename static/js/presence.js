// A page that is left says so at once; without it the others would notice a little later.
window.addEventListener("pagehide", () => {
  const headers = JSON.parse(document.body.getAttribute("hx-headers") || "{}");
  headers["Comptoir-Poll"] = "1";
  for (const one of document.querySelectorAll("[data-presence]")) {
    const body = new URLSearchParams({ doing: one.dataset.doing, leave: "1" });
    fetch(one.dataset.presence, { method: "POST", keepalive: true, headers, body });
  }
});
