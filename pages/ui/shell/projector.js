// The switch for projector mode, a class on the document for the style sheet and the charts. It is stored in the browser,
// so that it holds on every page and after a refresh; the server isn't told.

const PLACE = "digit-lab-projector", MODE = "digit-lab-projector";

function isOn() {
  return document.documentElement.classList.contains(MODE);
}

function set(on) {
  document.documentElement.classList.toggle(MODE, on);
  try {
    localStorage.setItem(PLACE, on ? "on" : "off");
  } catch { /* storage is disabled: the mode lasts until the page is loaded again */ }
  window.dispatchEvent(new Event(MODE)); // charts are drawn again
}

export default function ({ data, parentElement }) {
  const button = parentElement.querySelector("button");
  button.querySelector(".label").textContent = data.label;
  const show = () => button.setAttribute("aria-checked", String(isOn()));
  button.onclick = () => { set(!isOn()); show(); };
  show();
}
