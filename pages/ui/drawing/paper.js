// Moves the canvas's toolbar off the paper. Where the mouse is not over it yet, the toolbar lies unseen on the upper
// right corner, and a pen or a finger that comes down there would press its buttons instead of drawing.

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
