// An image as a grid of numbers with a magnifier, and if there is a second image, that one beside it with the pixels that
// are different marked.

const REACH = 2, ZOOMED = 46; // pixels on each side of the one in the magnifier; pixels on the screen of each

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".pixel-grid");
  const given = JSON.stringify(data);
  if (root.given === given) return;
  root.given = given;
  const { pixels, side, second, texts } = data;
  const say = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const place = element("p", { className: "place" });
  place.setAttribute("aria-live", "polite");
  const zoom = element("canvas", { className: "grid" });
  zoom.setAttribute("aria-hidden", "true");
  let cell = MOST_CELL;

  function magnify(row, column) {
    const size = 2 * REACH + 1, width = ZOOMED * size;
    const scale = window.devicePixelRatio || 1;
    Object.assign(zoom, { width: width * scale, height: width * scale });
    Object.assign(zoom.style, { width: `${width}px`, height: `${width}px` });
    const pen = zoom.getContext("2d");
    pen.scale(scale, scale);
    pen.font = "14px sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const [r, c] = [row + y - REACH, column + x - REACH];
        const inside = r >= 0 && c >= 0 && r < side && c < side;
        const value = inside ? pixels[r * side + c] : 0;
        pen.fillStyle = inside ? greyOf(value, 255) : "#4b5563";
        pen.fillRect(x * ZOOMED, y * ZOOMED, ZOOMED, ZOOMED);
        if (!inside) continue;
        pen.fillStyle = value > 140 ? "#000" : "#fff";
        pen.fillText(String(value), (x + 0.5) * ZOOMED, (y + 0.5) * ZOOMED);
      }
    }
    pen.strokeStyle = POINTED;
    pen.lineWidth = 3;
    pen.strokeRect(REACH * ZOOMED, REACH * ZOOMED, ZOOMED, ZOOMED);
  }

  function draw() {
    const [row, column] = first.at;
    first.draw(pixels, side, cell, { boxes: [[row, column, 1, 1]] });
    magnify(row, column);
    place.textContent = say(texts.place, { row: row + 1, column: column + 1, value: pixels[row * side + column] });
    root.result = { row, column, value: pixels[row * side + column] };
    if (second) moved.draw(second, side, cell, { changed: second.map((value, index) => value !== pixels[index]) });
  }

  const first = makeGrid("image", draw), moved = makeGrid("moved");
  first.at = [data.row, data.column];
  first.canvas.setAttribute("aria-label", texts.image);
  first.caption.textContent = texts.size;
  moved.canvas.setAttribute("aria-label", texts.moved);
  moved.caption.textContent = texts.moved;
  root.replaceChildren(
    element("div", { className: "grids" }, first.figure, ...(second ? [moved.figure] : []),
      element("div", { className: "magnifier" }, zoom, place)),
  );
  onWidth(root, (width) => {
    const [n, beside] = [second ? 2 : 1, width < 600 ? 0 : ZOOMED * (2 * REACH + 1) + 24];
    cell = Math.max(5, Math.min(MOST_CELL, Math.floor((width - beside - 16 * n) / (side * n))));
    draw();
  });
}
