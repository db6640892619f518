// Moves the canvas's toolbar off the canvas: until the mouse is over it, the toolbar covers the upper right corner
// invisibly, and a pen or a finger put down there would press its buttons instead of drawing. Also marks the page from
// the moment the pen is lifted until the new prediction is there, so that the old one can fade.

const CANVAS = '.st-key-draw-canvas [data-testid="stBidiComponentIsolated"]';
const STYLE = `
  .dc-root > .dc-toolbar { top: -2.65rem !important; opacity: 1; pointer-events: none; transition: none; }
  .dc-toolbar-card { pointer-events: auto; }
`;
const MAX_TRIES = 600; // frames, ten seconds

function root() {
  const host = [...document.querySelectorAll(CANVAS)].at(-1);
  return [host, ...(host?.querySelectorAll("*") ?? [])].find((node) => node?.shadowRoot)?.shadowRoot;
}

const WAITING = "awaits-answer";
const TIMEOUT_MS = 5_000; // if no prediction follows, because a click changed nothing
let isDrawing = false;

function shown() {
  const image = document.querySelector(".st-key-draw-seen img");
  return `${image?.alt} ${image?.src}`;
}

function startDrawing(event) {
  const [innermost] = event.composedPath(); // the canvas is in a shadow root, next to its toolbar
  isDrawing = innermost.tagName === "CANVAS" && Boolean(event.target.closest(CANVAS));
}

function waitForPrediction() {
  if (!isDrawing) return;
  isDrawing = false;
  const before = shown();
  const end = () => {
    observer.disconnect();
    clearTimeout(timer);
    document.body.classList.remove(WAITING);
  };
  const observer = new MutationObserver(() => { if (shown() !== before) end(); });
  const timer = setTimeout(end, TIMEOUT_MS);
  document.body.classList.add(WAITING);
  observer.observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["src", "alt"] });
}

if (!window.digitLabWaitsForPredictions) {
  window.digitLabWaitsForPredictions = true;
  document.addEventListener("pointerdown", startDrawing, true);
  document.addEventListener("pointerup", waitForPrediction, true);
}

export default function ({ data }) {
  let tries = 0;
  let stopped = false;
  const move = () => {
    if (stopped) return;
    const found = root();
    // A cleared canvas stays in the page for a moment: the current one has the key of this call.
    const current = found?.host.closest(`.st-key-${data.canvas}`);
    if (current && !found.querySelector("style.off-the-canvas")) {
      const style = document.createElement("style");
      style.className = "off-the-canvas";
      style.textContent = STYLE;
      found.append(style);
    } else if (!current && tries++ < MAX_TRIES) requestAnimationFrame(move);
  };
  move();
  return () => { stopped = true; };
}
