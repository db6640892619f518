// Projector mode: a class on the document, for the style sheet and the charts. It is stored in the browser, so that it
// holds on every page and after a refresh; the server isn't told. Mounted twice: at the top of a page, to set the class
// early, and with the switch in the footer.

const PLACE = "digit-lab-projector", MODE = "digit-lab-projector";

function isOn() {
  return document.documentElement.classList.contains(MODE);
}

function set(on) {
  if (on === isOn()) return;
  document.documentElement.classList.toggle(MODE, on);
  window.dispatchEvent(new Event(MODE)); // charts are drawn again
}

function store(on) {
  try {
    localStorage.setItem(PLACE, on ? "on" : "off");
  } catch { /* storage is disabled: the mode lasts until the page is loaded again */ }
}

function start() {
  if (window.digitLabProjector) return;
  window.digitLabProjector = true;
  const linked = new URLSearchParams(location.search).get("projector");
  if (linked === "1" || linked === "0") store(linked === "1");
  let stored = linked === "1" ? "on" : null;
  try {
    stored = localStorage.getItem(PLACE);
  } catch { /* as above */ }
  set(stored === "on");
}

export default function ({ data, parentElement }) {
  start();
  const button = parentElement.querySelector("button");
  button.hidden = !data.label;
  if (!data.label) return;
  button.querySelector(".label").textContent = data.label;
  const show = () => button.setAttribute("aria-checked", String(isOn()));
  button.onclick = () => { store(!isOn()); set(!isOn()); };
  window.addEventListener(MODE, show);
  show();
  return () => window.removeEventListener(MODE, show);
}
