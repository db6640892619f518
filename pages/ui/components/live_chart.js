// Draws a Plotly figure on one node and updates it in place. Called by Streamlit with each new figure.

let library;

function load(script) {
  // Relative to the app's base, because Community Cloud serves apps below a path.
  library ??= new Promise((resolve, reject) => {
    const tag = document.createElement("script");
    tag.src = new URL(script, document.baseURI).href;
    tag.onload = () => resolve(window.Plotly);
    tag.onerror = () => { library = undefined; reject(new Error(`${tag.src} did not load`)); };
    document.head.append(tag);
  });
  return library;
}

function themed(layout, node) {
  const style = getComputedStyle(node);
  const text = style.getPropertyValue("--st-text-color").trim() || style.color;
  const line = style.getPropertyValue("--st-border-color").trim() || "rgba(128,128,128,.3)";
  const font = style.getPropertyValue("--st-font").trim() || style.fontFamily;
  const axes = {};
  for (const name of Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key))) {
    const title = { ...layout[name].title, font: { size: 13, ...layout[name].title?.font } };
    axes[name] = { gridcolor: line, linecolor: line, zerolinecolor: line, ...layout[name], title };
  }
  return { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", autosize: true, ...layout, ...axes,
           font: { family: font, color: text, size: 13, ...layout.font } };
}

// Shows, beside the point under the mouse, the small image whose number the point carries in `customdata`.
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

const MOST_PX = 8; // that a finger or mouse moves between down and up and still clicks

// Returns the `customdata` of the point nearest to a place on the screen; undefined outside the axes.
function nearest(node, { clientX, clientY }) {
  const box = node.getBoundingClientRect();
  let found, least = Infinity;
  for (const { x, y, customdata, xaxis = "x", yaxis = "y" } of node.data ?? []) {
    if (!customdata) continue;
    const [across, down] = [xaxis, yaxis].map((name) => node._fullLayout[`${name[0]}axis${name.slice(1)}`]);
    const [left, top] = [clientX - box.x - across._offset, clientY - box.y - down._offset];
    if (left < 0 || top < 0 || left > across._length || top > down._length) continue;
    customdata.forEach((each, i) => {
      const distance = Math.hypot(across.d2p(x[i]) - left, down.d2p(y[i]) - top);
      if (distance < least) [least, found] = [distance, each];
    });
  }
  return found;
}

// Calls `node.report` with the `customdata` of each point that is clicked. Plotly's own clicks won't do: where a chart
// is drawn again between mouse-down and mouse-up, Plotly forgets that the mouse went down, and the click is lost.
function hearClicks(node) {
  let pressed;
  node.addEventListener("pointerdown", (event) => {
    const point = event.isPrimary && event.button === 0 ? nearest(node, event) : undefined;
    pressed = point === undefined ? undefined : { point, event };
  }, { capture: true });
  // Plotly covers the page while a button is down, so the release never reaches the node.
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

// Returns traces in which the point that was clicked last is selected.
function marked(traces, clicked) {
  if (!clicked) return traces;
  return traces.map((trace) => {
    const i = trace.customdata?.findIndex((each) => String(each) === String(clicked)) ?? -1;
    return i < 0 ? trace : { ...trace, selectedpoints: [i] };
  });
}

function draw(Plotly, node, { figure, pictures, clickable }) {
  const layout = themed(figure.layout, node);
  if (clickable) layout.clickmode = "none"; // or Plotly would unselect what is clicked twice
  const traces = clickable ? marked(figure.data, node.clicked) : figure.data;
  return Plotly.react(node, traces, layout, { displayModeBar: false, responsive: true, scrollZoom: Boolean(pictures) });
}

export default function ({ data, parentElement, setTriggerValue }) {
  const node = parentElement.querySelector(".live-chart");
  node.classList.toggle("clickable", data.clickable);
  node.style.height = `${data.height}px`;
  node.setAttribute("role", "img");
  node.setAttribute("aria-label", data.description);
  if (data.clickable && !node.newest) hearClicks(node);
  node.newest = data;
  node.report = (point) => {
    setTriggerValue("clicked", point);
    node.clicked = point;
    draw(window.Plotly, node, node.newest);
  };
  load(data.script).then((Plotly) => {
    // Figures that arrived while the library was loading are skipped: only the newest is drawn.
    if (node.newest !== data || !node.isConnected) return;
    return draw(Plotly, node, data).then(() => {
      if (data.pictures) showPictures(node, data.pictures);
    });
  }).catch((error) => { node.textContent = `The chart can't be drawn: ${error.message}.`; });
}
