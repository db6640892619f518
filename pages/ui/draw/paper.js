// Moves the canvas's toolbar off the canvas: until the mouse is over it, the toolbar covers the upper right corner
// invisibly, and a pen or a finger put down there would press its buttons instead of drawing. Also marks the page from
// the moment the pen is lifted until the new prediction is there, so that the old one can fade. Gives the canvas a name
// for screen readers, and ends a stroke that the system interrupts.

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

// The system cancels a touch for a call, a gesture or a palm. The drawing library knows only touches that end: without
// one, the ink would stay on the screen, unread, until the next stroke replaces it.
function endCancelledTouch(event) {
  const [innermost] = event.composedPath();
  if (innermost.tagName !== "CANVAS" || event.touches.length || !event.target.closest(CANVAS)) return;
  innermost.dispatchEvent(new TouchEvent("touchend", {
    bubbles: true, composed: true, cancelable: true, touches: [], changedTouches: [...event.changedTouches],
  }));
  waitForPrediction();
}

if (!window.digitLabWaitsForPredictions) {
  window.digitLabWaitsForPredictions = true;
  document.addEventListener("pointerdown", startDrawing, true);
  document.addEventListener("pointerup", waitForPrediction, true);
  document.addEventListener("touchcancel", endCancelledTouch, true);
}

function label(canvases, name) {
  for (const canvas of canvases) {
    if (!canvas.matches(".upper-canvas")) canvas.setAttribute("aria-hidden", "true");
    else if (canvas.getAttribute("aria-label") !== name) {
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", name);
    }
  }
}

export default function ({ data }) {
  let tries = 0;
  let observer;
  let stopped = false;
  const move = () => {
    if (stopped) return;
    const found = root();
    // A cleared canvas stays in the page for a moment: the current one has the key of this call.
    const current = found?.host.closest(`.st-key-${data.canvas}`);
    if (current) {
      if (!found.querySelector("style.off-the-canvas")) {
        const style = document.createElement("style");
        style.className = "off-the-canvas";
        style.textContent = STYLE;
        found.append(style);
      }
      observer = new MutationObserver(() => label(found.querySelectorAll("canvas"), data.name));
      observer.observe(found, { subtree: true, childList: true });
      label(found.querySelectorAll("canvas"), data.name);
    } else if (tries++ < MAX_TRIES) requestAnimationFrame(move);
  };
  move();
  return () => { stopped = true; observer?.disconnect(); };
}
