// What a browser says of a passkey, in words. allauth's own script tells it to the console alone.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const place = document.querySelector("[data-passkey-said]");
  if (!place) return;
  const { exception } = event.detail;
  const kind = exception && exception.name;
  const known = { NotAllowedError: "cancelled", InvalidStateError: "known", SecurityError: "address" };
  const supported = Boolean(window.PublicKeyCredential);
  const what = supported ? known[kind] || "failed" : "unsupported";
  place.textContent = place.dataset[what];
  place.hidden = false;
});
