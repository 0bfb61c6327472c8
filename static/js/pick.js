// Rows of a list are chosen with their boxes, with a range (Shift), or with x on the row that has
// the focus. Without script the boxes and the buttons do it alone.
(() => {
  // The menus above the list close when one looks elsewhere.
  const menus = [...document.querySelectorAll("details.pick")];
  document.addEventListener("click", (event) => {
    for (const menu of menus) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && event.target.closest("details.pick[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  const form = document.querySelector("[data-picks]");
  const boxes = [...document.querySelectorAll("[data-pick]")];
  if (!form || !boxes.length) return;
  const all = form.querySelector("[data-pick-all]");
  const said = form.querySelector("[data-picks-said]");
  const acts = [...form.querySelectorAll("[data-picks-act]")];
  let last = null;

  function tell() {
    const count = boxes.filter((box) => box.checked).length;
    all.checked = count === boxes.length;
    all.indeterminate = count > 0 && count < boxes.length;
    form.classList.toggle("is-picked", count > 0);
    for (const act of acts) act.disabled = count === 0;
    const { none, one, many } = said.dataset;
    said.textContent = count === 0 ? none : count === 1 ? one : many.replace("#", count);
  }

  function range(from, to, checked) {
    const [first, end] = [boxes.indexOf(from), boxes.indexOf(to)].sort((a, b) => a - b);
    for (const box of boxes.slice(first, end + 1)) box.checked = checked;
  }

  for (const box of boxes) {
    box.addEventListener("click", (event) => {
      if (event.shiftKey && last) range(last, box, box.checked);
      last = box;
      tell();
    });
  }
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    tell();
  });
  document.addEventListener("comptoir:pick", (event) => {
    const box = event.detail.querySelector("[data-pick]");
    if (!box) return;
    box.checked = !box.checked;
    last = box;
    tell();
  });
  // Back from the next page: the browser has kept what was chosen.
  window.addEventListener("pageshow", tell);
  tell();
})();
