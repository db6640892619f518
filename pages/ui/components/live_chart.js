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

// Tells the `customdata` of each point that is clicked. A trigger, and no selection that Streamlit would keep: that one
// sends a second request while the first is under way, and with it the other widgets' old values.
function tellClicks(node, tell) {
  const hears = Boolean(node.tell);
  node.tell = tell;
  if (!hears) node.on("plotly_click", ({ points }) => node.tell(points[0].customdata));
}

export default function ({ data, parentElement, setTriggerValue }) {
  const node = parentElement.querySelector(".live-chart");
  node.classList.toggle("clickable", data.clickable);
  node.style.height = `${data.height}px`;
  node.setAttribute("role", "img");
  node.setAttribute("aria-label", data.description);
  node.newest = data.figure;
  load(data.script).then((Plotly) => {
    // Figures that arrived while the library was loading are skipped: only the newest is drawn.
    if (node.newest !== data.figure || !node.isConnected) return;
    return Plotly.react(node, data.figure.data, themed(data.figure.layout, node), {
      displayModeBar: false, responsive: true, scrollZoom: Boolean(data.pictures),
    }).then(() => {
      if (data.pictures) showPictures(node, data.pictures);
      if (data.clickable) tellClicks(node, (point) => setTriggerValue("clicked", point));
    });
  }).catch((error) => { node.textContent = `The chart can't be drawn: ${error.message}.`; });
}
