// The keyboard's way to click a point of a chart: the arrow keys go from point to point, Enter or the space bar clicks the
// one reached. This text is put before live_chart.js.

const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const LABEL_MS = 120; // until Plotly has drawn a label
const ASIDE = 3; // a point straight ahead is preferred to one that is nearer, but to the side

// Returns all points that can be clicked, with their places in pixels.
function clickablePoints(node) {
  return (node.data ?? []).flatMap(({ x, y, customdata, xaxis = "x", yaxis = "y" }, curveNumber) => {
    if (!customdata) return [];
    const [across, down] = [xaxis, yaxis].map((name) => node._fullLayout[`${name[0]}axis${name.slice(1)}`]);
    return customdata.map((each, i) => ({
      x: x[i], y: y[i], customdata: each, curveNumber, pointNumber: i, left: across.d2p(x[i]), top: down.d2p(y[i]),
    })).filter(({ left, top }) => left >= 0 && top >= 0 && left <= across._length && top <= down._length);
  });
}

function towards(points, from, [right, down]) {
  let found, least = Infinity;
  for (const point of points) {
    const [x, y] = [point.left - from.left, point.top - from.top];
    const [ahead, aside] = [x * right + y * down, Math.abs(x * down) + Math.abs(y * right)];
    if (ahead > 0.5 && ahead + ASIDE * aside < least) [least, found] = [ahead + ASIDE * aside, point];
  }
  return found ?? from;
}

function listenForKeys(node) {
  let at;
  const spoken = document.createElement("span");
  spoken.className = "live-chart-spoken";
  spoken.setAttribute("aria-live", "polite");
  node.parentElement.append(spoken);
  let timer;
  const show = () => {
    window.Plotly.Fx.hover(node, [{ curveNumber: at.curveNumber, pointNumber: at.pointNumber }]);
    clearTimeout(timer);
    timer = setTimeout(() => {
      const words = [...node.querySelectorAll(".hoverlayer .hovertext text")].map((text) =>
        [...text.querySelectorAll("tspan")].map((line) => line.textContent).join(" ") || text.textContent);
      spoken.textContent = words.filter(Boolean).join(", ") || `${at.x}, ${at.y}`;
    }, LABEL_MS);
  };
  node.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !node._fullLayout) return;
    const [direction, clicks] = [KEYS[event.key], event.key === "Enter" || event.key === " "];
    if (!direction && !(clicks && at)) return;
    event.preventDefault();
    event.stopPropagation(); // outside the chart, arrow keys turn the lesson's pages
    const points = clickablePoints(node);
    if (!points.length) return;
    // The chart may have other points by now.
    at &&= points.find(({ customdata }) => String(customdata) === String(at.customdata)) ?? points[0];
    if (clicks) return node.report(at);
    at = at ? towards(points, at, direction) : points[0];
    show();
  });
  node.addEventListener("blur", () => { if (at && node._fullLayout) window.Plotly.Fx.unhover(node); });
}
