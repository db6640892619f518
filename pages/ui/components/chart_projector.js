// Charts in projector mode: larger type and points, thicker lines, stronger colours. This text is put before live_chart.js.

const PROJECTOR = "digit-lab-projector"; // the class of a document in projector mode, and the event when that changes
// Colours with enough contrast in the light of a projector: on a light page, on a dark page.
const STRONGER = {
  "#3b6fe0": ["#0a46c2", "#8fb3ff"], "#e69f00": ["#a04e00", "#ffb733"], "#8a8f98": ["#565c66", "#b9bec7"],
  "#009e73": ["#00694d", "#3fd9ac"], "#cc79a7": ["#a3326f", "#e9a3c8"], "#d55e00": ["#a84300", "#ff9250"],
};

// Returns how much larger type is than usual; 1 unless the page is in projector mode.
function enlargement() {
  const root = document.documentElement;
  return root.classList.contains(PROJECTOR) ? parseFloat(getComputedStyle(root).fontSize) / 16 : 1;
}

// Returns a figure for projector mode: larger type and points, thicker lines and stronger colours.
function projected(figure, node, scale) {
  const dark = getComputedStyle(node).colorScheme === "dark" ? 1 : 0;
  const grow = (part, under) => {
    if (Array.isArray(part)) return part.map((each) => grow(each, under));
    if (typeof part === "string") return STRONGER[part.toLowerCase()]?.[dark] ?? part;
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([name, value]) => {
      if (name === "customdata") return [name, value];
      if (typeof value === "number") {
        if (under === "line" && name === "width") return [name, 1.6 * value + 0.5];
        // A nearly invisible marker is there to be clicked, and as large as its cell.
        if (under === "marker" && name === "size" && !(part.opacity < 0.1)) return [name, 1.4 * value];
        if ((/font$/.test(under) && name === "size") || under === "margin") return [name, scale * value];
      }
      return [name, grow(value, name)];
    }));
  };
  return grow(figure, "");
}

// Calls `redraw` whenever the mode changes, as long as the node is on the page.
function onProjector(node, redraw) {
  const change = () => (node.isConnected ? redraw() : window.removeEventListener(PROJECTOR, change));
  window.addEventListener(PROJECTOR, change);
}
