// Django's own selector names its search icon without giving it a role.
window.addEventListener("load", () => {
  for (const icon of document.querySelectorAll(".selector span[aria-label]:not([role])")) {
    icon.setAttribute("role", "img");
  }
});
