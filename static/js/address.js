// A page that answered a form stands at the address where it is found again: a reload asks for it
// anew, masked, and sends nothing a second time.
(() => {
  const place = document.querySelector("[data-address]");
  if (place && place.dataset.address !== window.location.pathname) {
    window.history.replaceState(null, "", place.dataset.address);
  }
})();
