// Square grids of numbers, drawn as pixels on a canvas, that can be pointed at and walked over with the arrow keys. This
// text is put before each component of the lesson that shows grids.

const POINTED = "#ffb000"; // of the cell that is pointed at; seen on black, grey, white and blue
const MOST_CELL = 14, LEAST_NUMBERED = 13; // pixels of a cell; in smaller ones numbers couldn't be read

function element(name, properties = {}, ...children) {
  const { data, ...others } = properties;
  const node = Object.assign(document.createElement(name), others);
  Object.assign(node.dataset, data);
  node.append(...children);
  return node;
}

function greyOf(value, largest) {
  const level = Math.round(255 * Math.min(Math.abs(value) / (largest || 1), 1));
  return value < 0 ? `rgb(${level * 0.25},${level * 0.5},${level})` : `rgb(${level},${level},${level})`;
}

// Returns a grid: a figure with a canvas and a caption. `onPoint(row, column)` is called when a cell is pointed at.
function makeGrid(name, onPoint) {
  const canvas = element("canvas", { className: "grid", tabIndex: onPoint ? 0 : -1 });
  canvas.setAttribute("role", onPoint ? "application" : "img"); // in an application, screen readers pass on the arrow keys
  const caption = element("figcaption");
  const grid = { canvas, caption, figure: element("figure", { className: "grid-figure", data: { grid: name } }, canvas, caption) };
  grid.at = [0, 0];
  grid.draw = (values, side, cell, { largest = 255, boxes = [], changed, hidden = Infinity, numbers = true } = {}) => {
    Object.assign(grid, { side, cell });
    const scale = window.devicePixelRatio || 1;
    Object.assign(canvas, { width: side * cell * scale, height: side * cell * scale });
    Object.assign(canvas.style, { width: `${side * cell}px`, height: `${side * cell}px` });
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    pen.font = `${Math.round(cell * 0.46)}px sans-serif`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    values.forEach((value, index) => {
      const [x, y] = [(index % side) * cell, Math.floor(index / side) * cell];
      pen.fillStyle = index < hidden ? greyOf(value, largest) : "#2a2f3a";
      pen.fillRect(x, y, cell, cell);
      if (changed?.[index]) {
        pen.strokeStyle = POINTED;
        pen.lineWidth = 1;
        pen.strokeRect(x + 1, y + 1, cell - 2, cell - 2);
      }
      if (!numbers || cell < LEAST_NUMBERED || index >= hidden) return;
      pen.fillStyle = value > 0.55 * largest ? "#000" : value ? "#fff" : "#6b7280";
      pen.fillText(String(Math.round(value)), x + cell / 2, y + cell / 2 + 0.5);
    });
    for (const [row, column, rows, columns, colour = POINTED] of boxes) {
      pen.strokeStyle = colour;
      pen.lineWidth = Math.max(2, cell / 6);
      pen.strokeRect(column * cell, row * cell, columns * cell, rows * cell);
    }
  };
  const move = (row, column) => {
    const last = (grid.side ?? 1) - 1;
    grid.at = [Math.max(0, Math.min(last, row)), Math.max(0, Math.min(last, column))];
    onPoint(...grid.at);
  };
  if (onPoint) {
    const point = (event) => {
      const box = canvas.getBoundingClientRect();
      move(Math.floor((event.clientY - box.top) / grid.cell), Math.floor((event.clientX - box.left) / grid.cell));
    };
    canvas.addEventListener("pointermove", point);
    canvas.addEventListener("pointerdown", point); // a finger's tap
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (!step || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation(); // outside the grid these keys turn the lesson's pages
      move(grid.at[0] + step[0], grid.at[1] + step[1]);
    });
    canvas.addEventListener("focus", () => move(...grid.at));
  }
  return grid;
}

// Calls `draw` now and whenever the width of `root` changes.
function onWidth(root, draw) {
  root.watcher?.disconnect();
  root.watcher = new ResizeObserver(([entry]) => {
    const width = Math.floor(entry.contentRect.width);
    if (width && width !== root.drawnWidth) draw((root.drawnWidth = width));
  });
  root.drawnWidth = 0;
  root.watcher.observe(root);
}
