// Moves the canvas's toolbar off the paper: where the mouse is not over it yet, the toolbar lies unseen on the upper
// right corner, and a pen or a finger that comes down there would press its buttons instead of drawing. And marks the
// page from the lifting of the pen until the answer to what was drawn is there, so that the old one can pale.

const CANVAS = '.st-key-draw-canvas [data-testid="stBidiComponentIsolated"]';
const STYLE = `
  .dc-root > .dc-toolbar { top: -2.65rem !important; opacity: 1; pointer-events: none; transition: none; }
  .dc-toolbar-card { pointer-events: auto; }
`;
const MOST_TRIES = 600; // frames, ten seconds

function root() {
  const host = [...document.querySelectorAll(CANVAS)].at(-1);
  return [host, ...(host?.querySelectorAll("*") ?? [])].find((node) => node?.shadowRoot)?.shadowRoot;
}

const AWAITS = "awaits-answer";
const PATIENCE_MS = 5_000; // for an answer that does not come, as where a click changed nothing
let isDrawing = false;

function shown() {
  const image = document.querySelector(".st-key-draw-seen img");
  return `${image?.alt} ${image?.src}`;
}

function beginDrawing(event) {
  const [innermost] = event.composedPath(); // the canvas lies in a shadow, beside its toolbar
  isDrawing = innermost.tagName === "CANVAS" && Boolean(event.target.closest(CANVAS));
}

function awaitAnswer() {
  if (!isDrawing) return;
  isDrawing = false;
  const before = shown();
  const end = () => {
    observer.disconnect();
    clearTimeout(timer);
    document.body.classList.remove(AWAITS);
  };
  const observer = new MutationObserver(() => { if (shown() !== before) end(); });
  const timer = setTimeout(end, PATIENCE_MS);
  document.body.classList.add(AWAITS);
  observer.observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["src", "alt"] });
}

if (!window.digitLabAwaitsAnswers) {
  window.digitLabAwaitsAnswers = true;
  document.addEventListener("pointerdown", beginDrawing, true);
  document.addEventListener("pointerup", awaitAnswer, true);
}

export default function ({ data }) {
  let tries = 0;
  let stopped = false;
  const move = () => {
    if (stopped) return;
    const found = root();
    // A sheet that was cleared stays for a moment: the one that is meant has the number of this call.
    const meant = found?.host.closest(`.st-key-${data.canvas}`);
    if (meant && !found.querySelector("style.off-the-paper")) {
      const style = document.createElement("style");
      style.className = "off-the-paper";
      style.textContent = STYLE;
      found.append(style);
    } else if (!meant && tries++ < MOST_TRIES) requestAnimationFrame(move);
  };
  move();
  return () => { stopped = true; };
}
