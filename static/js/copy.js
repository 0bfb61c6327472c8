// References are copied with one press. Without script a click on one selects all of it.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    // No right to the clipboard: the text beside the button can be selected.
    return;
  }
  const said = button.querySelector("[data-copy-said]");
  said.hidden = false;
  window.setTimeout(() => {
    said.hidden = true;
  }, 2000);
});
