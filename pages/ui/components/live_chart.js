// Draws a Plotly figure on one node and updates it in place. Streamlit calls it with each new figure.

let library;

function load(script) {
  // Relative to the app's base, because Community Cloud serves apps under a path.
  library ??= new Promise((resolve, reject) => {
    const tag = document.createElement("script");
    tag.src = new URL(script, document.baseURI).href;
    tag.onload = () => resolve(window.Plotly);
    tag.onerror = () => { library = undefined; reject(new Error(tag.src)); };
    document.head.append(tag);
  });
  return library;
}

function themed(layout, node, separators, scale) {
  const style = getComputedStyle(node);
  const text = style.getPropertyValue("--st-text-color").trim() || style.color;
  const line = style.getPropertyValue("--st-border-color").trim() || "rgba(128,128,128,.3)";
  const font = style.getPropertyValue("--st-font").trim() || style.fontFamily;
  const axes = {};
  for (const name of Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key))) {
    const title = { ...layout[name].title, font: { size: 13 * scale, ...layout[name].title?.font } };
    axes[name] = { gridcolor: line, linecolor: line, zerolinecolor: line, ...layout[name], title };
  }
  return { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", autosize: true, separators, ...layout, ...axes,
           font: { family: font, color: text, size: 13 * scale, ...layout.font } };
}

// Shows the small image whose number is in the point's `customdata` beside the point under the mouse.
function showPictures(node, pictures) {
  if (node.pictures) { node.pictures = pictures; return; }
  node.pictures = pictures;
  const frame = document.createElement("div");
  frame.className = "live-chart-picture";
  frame.hidden = true;
  node.parentElement.append(frame);
  node.on("plotly_hover", ({ points, event }) => {
    const { sheet, side, columns, zoom } = node.pictures;
    const number = points[0].customdata;
    const box = node.getBoundingClientRect();
    Object.assign(frame.style, {
      width: `${side * zoom}px`, height: `${side * zoom}px`, backgroundImage: `url(${sheet})`,
      backgroundSize: `${columns * side * zoom}px auto`,
      backgroundPosition: `-${(number % columns) * side * zoom}px -${Math.floor(number / columns) * side * zoom}px`,
      left: `${Math.min(event.clientX - box.left + 16, box.width - side * zoom - 8)}px`,
      top: `${Math.max(event.clientY - box.top - side * zoom - 16, 0)}px`,
    });
    frame.hidden = false;
  });
  node.on("plotly_unhover", () => { frame.hidden = true; });
}

const MARK = { fillcolor: "rgba(59,111,224,.35)", line: { color: "#3b6fe0", width: 2.5 } }; // of the clicked cell
const MOST_PX = 8; // a finger or mouse may move this far between down and up and still click

// Returns the point with `customdata` that is nearest to a place on the screen; undefined outside the axes and, if the
// chart has a reach in pixels, farther away than that.
function nearest(node, { clientX, clientY }) {
  const box = node.getBoundingClientRect();
  let found, least = node.newest.reach || Infinity;
  for (const { x, y, customdata, xaxis = "x", yaxis = "y" } of node.data ?? []) {
    if (!customdata) continue;
    const [across, down] = [xaxis, yaxis].map((name) => node._fullLayout[`${name[0]}axis${name.slice(1)}`]);
    const [left, top] = [clientX - box.x - across._offset, clientY - box.y - down._offset];
    if (left < 0 || top < 0 || left > across._length || top > down._length) continue;
    customdata.forEach((each, i) => {
      const distance = Math.hypot(across.d2p(x[i]) - left, down.d2p(y[i]) - top);
      if (distance < least) [least, found] = [distance, { x: x[i], y: y[i], customdata: each }];
    });
  }
  return found;
}

// Calls `node.report` with each clicked point. Plotly's own click events aren't reliable: if the chart is redrawn between
// mouse-down and mouse-up, Plotly forgets the mouse-down and the click is lost.
function listenForClicks(node) {
  let pressed;
  node.addEventListener("pointerdown", (event) => {
    const point = event.isPrimary && event.button === 0 ? nearest(node, event) : undefined;
    pressed = point === undefined ? undefined : { point, event };
  }, { capture: true });
  // Plotly covers the page while a button is down, so the node never gets the release.
  const release = (event) => {
    if (!node.isConnected) return stop.abort();
    if (!pressed || event.pointerId !== pressed.event.pointerId) return;
    const { point, event: down } = pressed;
    pressed = undefined;
    const moved = Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY);
    if (event.type === "pointerup" && moved <= MOST_PX) node.report(point);
  };
  const stop = new AbortController();
  for (const type of ["pointerup", "pointercancel"]) {
    window.addEventListener(type, release, { capture: true, signal: stop.signal });
  }
}

// Returns the shapes of a layout and one over the cell that was clicked last. On category axes a cell reaches half a
// category to each side of its point; a square marker wouldn't cover the ends of a wide cell.
function withMark(node, shapes = []) {
  if (!node.clicked) return shapes;
  const { xaxis, yaxis } = node._fullLayout;
  const [column, row] = [xaxis.p2l(xaxis.d2p(node.clicked.x)), yaxis.p2l(yaxis.d2p(node.clicked.y))];
  const edges = { x0: column - 0.5, x1: column + 0.5, y0: row - 0.5, y1: row + 0.5 };
  return [...shapes, { type: "rect", name: "clicked", ...edges, ...MARK }];
}

function draw(Plotly, node, { figure: given, height, separators, pictures, clickable, reach }) {
  const scale = enlargement();
  const figure = scale === 1 ? given : projected(given, node, scale);
  const layout = themed(figure.layout, node, separators, scale);
  node.style.height = `${Math.round(height * scale)}px`;
  if (clickable && !reach) layout.shapes = withMark(node, layout.shapes);
  return Plotly.react(node, figure.data, layout, { displayModeBar: false, responsive: true, scrollZoom: Boolean(pictures) });
}

// A chart is an image, unless keys do something in it.
function describe(node) {
  const { clickable, description, keys } = node.newest;
  node.setAttribute("role", clickable ? "application" : "img");
  node.setAttribute("aria-label", clickable ? `${description} ${keys}` : description);
}

export default function ({ data, parentElement, setTriggerValue }) {
  const node = parentElement.querySelector(".live-chart");
  node.classList.toggle("clickable", data.clickable);
  node.style.height = `${Math.round(data.height * enlargement())}px`;
  if (!node.newest) {
    if (data.clickable) {
      node.tabIndex = 0;
      listenForClicks(node);
      listenForKeys(node);
    }
    onProjector(node, () => { if (window.Plotly && node._fullLayout) draw(window.Plotly, node, node.newest); });
  }
  node.given = node.newest = data;
  describe(node);
  followFeed(node, data.follow?.url, (feed) => {
    node.newest = { ...node.newest, ...feed.parts[data.follow.part] };
    describe(node);
    if (window.Plotly) draw(window.Plotly, node, node.newest);
  });
  node.report = (point) => {
    setTriggerValue("clicked", point.customdata);
    node.clicked = point;
    draw(window.Plotly, node, node.newest);
  };
  load(data.script).then((Plotly) => {
    // Figures that arrived while the library was loading are skipped: only the newest is drawn.
    if (node.given !== data || !node.isConnected) return;
    return draw(Plotly, node, node.newest).then(() => {
      if (data.pictures) showPictures(node, data.pictures);
    });
  }).catch((error) => { node.textContent = data.failure.replace("{reason}", error.message); });
}
