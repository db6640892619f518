// The convolution playground: an image, a 3x3 kernel and their output as grids of numbers. Everything is computed here;
// the server isn't asked for anything.

const DRAWN = "drawn", OWN = "own"; // values of the select boxes
const PEN = 0.085, FINE = 10; // width of the pen, a share of the image's side; dots per pixel and side when drawing
const BRIGHT = 0.6; // share of the strongest possible response that is shown as white; few images come near it
const PLAY_MS = 60, MIDDLE_PX = 228, NARROW_PX = 700;

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".playground");
  const given = JSON.stringify(data);
  if (root.given === given) return;
  clearInterval(root.timer);
  const before = root.state;
  root.given = given;
  const { side, texts, start } = data;
  const number = new Intl.NumberFormat(data.locale, { maximumFractionDigits: 2, useGrouping: "always" });
  const show = (value) => number.format(Math.round(100 * value) / 100 || 0);
  const say = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const image = data.images.find(({ id }) => id === start.image).pixels;
  const kernel = data.kernels.find(({ id }) => id === start.kernel).values;
  const state = (root.state = { ...start, pixels: [...image], kernel: [...kernel], kernelId: start.kernel, row: 0, column: 0,
    hidden: Infinity, ink: before?.ink });
  [state.row, state.column] = start.position;
  let cell = MOST_CELL, convolved, pooled;

  // Controls
  const hidden = (name) => data.hidden.includes(name);
  const locked = (name) => data.locked.includes(name) || hidden(name);
  function select(name, options, value, onChange) {
    const box = element("select", { disabled: locked(name), data: { control: name } });
    for (const [id, label] of options) box.append(element("option", { value: id, textContent: label }));
    box.value = value;
    box.addEventListener("change", () => onChange(box.value));
    return element("label", { hidden: hidden(name) }, texts[name], box);
  }
  function check(name) {
    const box = element("input", { type: "checkbox", checked: state[name], disabled: locked(name), data: { control: name } });
    box.addEventListener("change", () => { state[name] = box.checked; compute(); });
    return element("label", { className: "check", hidden: hidden(name) }, box, texts[name]);
  }
  function button(name, onClick) {
    const node = element("button", { type: "button", textContent: texts[name], data: { control: name } });
    node.addEventListener("click", onClick);
    return node;
  }
  const imageBox = select("image", [...data.images.map(({ id, name }) => [id, name]), [DRAWN, texts.drawn]], start.image, (id) => {
    state.image = id;
    clear.hidden = id !== DRAWN;
    state.pixels = id === DRAWN ? (state.ink ??= new Array(side * side).fill(0)) : [...data.images.find((each) => each.id === id).pixels];
    input.canvas.classList.toggle("paper", id === DRAWN);
    compute();
  });
  const kernelBox = select("kernel", [...data.kernels.map(({ id, name }) => [id, name]), [OWN, texts.own]], start.kernel, (id) => {
    state.kernelId = id;
    const chosen = data.kernels.find((each) => each.id === id);
    if (chosen) state.kernel = [...chosen.values];
    compute();
  });
  const strideBox = select("stride", [1, 2, 3].map((n) => [n, n]), state.stride, (value) => { state.stride = Number(value); compute(); });
  const clear = button("clear", () => { state.pixels = state.ink = new Array(side * side).fill(0); paper?.getContext("2d").reset(); compute(); });
  clear.hidden = true;
  const play = button("play", () => (root.timer ? stop() : begin()));
  const controls = element("div", { className: "controls" }, imageBox, clear, kernelBox, strideBox, check("padding"), check("relu"),
    check("pooling"), element("span", { className: "walk", hidden: hidden("walk") }, button("back", () => walk(-1)), button("next", () => walk(1)), play));

  // The kernel and the nine products
  const weights = Array.from({ length: 9 }, (_, index) => {
    const field = element("input", { type: "number", step: "any", disabled: locked("kernel"), data: { weight: index } });
    field.setAttribute("aria-label", say(texts.weight, { row: 1 + Math.floor(index / 3), column: 1 + (index % 3) }));
    field.addEventListener("input", () => {
      const value = Number(field.value);
      state.kernel[index] = Number.isFinite(value) ? Math.max(-99, Math.min(99, value)) : 0;
      state.kernelId = kernelBox.querySelector("select").value = OWN;
      compute(field);
    });
    return field;
  });
  const products = Array.from({ length: 9 }, () => element("div", { className: "product" }));
  const sum = element("p", { className: "sum" });
  sum.setAttribute("aria-live", "polite");
  const middle = element("div", { className: "middle" },
    element("div", {}, element("b", { textContent: texts.weights }), element("div", { className: "nine" }, ...weights)),
    element("div", {}, element("b", { textContent: texts.products }), element("div", { className: "nine" }, ...products)), sum);

  // The grids
  const input = makeGrid("input");
  const output = makeGrid("output", (row, column) => pointAt(row, column));
  const squares = makeGrid("pooled", (row, column) => pointAt(2 * row, 2 * column, true));
  let square = false; // whether the pooled grid is pointed at
  output.canvas.setAttribute("aria-label", texts.output_label);
  squares.canvas.setAttribute("aria-label", texts.pooled_label);

  function pointAt(row, column, ofSquare = false) {
    stop();
    Object.assign(state, { row, column });
    square = ofSquare;
    draw();
  }
  function walk(by) {
    stop();
    const position = state.row * convolved.side + state.column + by;
    if (position < 0 || position >= convolved.values.length) return;
    [state.row, state.column] = [Math.floor(position / convolved.side), position % convolved.side];
    square = false;
    draw();
  }
  function begin() {
    const from = state.row * convolved.side + state.column;
    let position = from + 1 < convolved.values.length ? from : 0;
    square = false;
    play.textContent = texts.pause;
    root.timer = setInterval(() => {
      if (!root.isConnected || position >= convolved.values.length) return stop();
      [state.row, state.column] = [Math.floor(position / convolved.side), position % convolved.side];
      state.hidden = ++position;
      draw();
    }, PLAY_MS);
  }
  function stop() {
    if (!root.timer) return;
    clearInterval(root.timer);
    root.timer = 0;
    state.hidden = Infinity;
    play.textContent = texts.play;
    draw();
  }

  function compute(edited) {
    clearInterval(root.timer);
    root.timer = 0;
    state.hidden = Infinity;
    play.textContent = texts.play;
    convolved = convolve(state.pixels, side, state.kernel, state);
    pooled = state.pooling ? maxPool(convolved.values, convolved.side) : null;
    state.row = Math.min(state.row, convolved.side - 1);
    state.column = Math.min(state.column, convolved.side - 1);
    square = square && state.pooling;
    weights.forEach((field, index) => { if (field !== edited) field.value = Math.round(100 * state.kernel[index]) / 100; });
    size(root.drawnWidth);
  }
  function size(width) {
    if (!width) return;
    const narrow = width < NARROW_PX;
    root.classList.toggle("narrow", narrow);
    const columns = side + convolved.side + (pooled && !narrow ? pooled.side : 0);
    const gaps = narrow ? 20 : MIDDLE_PX + 50;
    cell = Math.max(4, Math.min(MOST_CELL, Math.floor((width - gaps) / columns)));
    draw();
  }
  function draw() {
    const { row, column, stride } = state;
    const top = row * stride - convolved.before, left = column * stride - convolved.before;
    const pixels = pixelsUnder(state.pixels, side, row, column, stride, convolved.before);
    const terms = pixels.map((pixel, index) => pixel * state.kernel[index]);
    const total = terms.reduce((so_far, term) => so_far + term, 0);
    // The same scale for all outputs of kernels that respond as strongly, so that they can be compared.
    const [most, least] = [1, -1].map((sign) => state.kernel.reduce((sum, weight) => sum + Math.max(sign * weight, 0), 0));
    const largest = BRIGHT * 255 * Math.max(most, least, 1e-9);
    const corner = [row - (row % 2), column - (column % 2)];
    const whole = pooled && corner[0] / 2 < pooled.side && corner[1] / 2 < pooled.side;
    input.draw(state.pixels, side, cell, { boxes: [[top, left, 3, 3]] });
    output.draw(convolved.values, convolved.side, cell, { largest, hidden: state.hidden, numbers: false,
      boxes: square ? [[...corner, 2, 2]] : [...(whole ? [[...corner, 2, 2, "#56b4e9"]] : []), [row, column, 1, 1]] });
    squares.figure.hidden = !pooled;
    if (pooled) squares.draw(pooled.values, pooled.side, cell, { largest, numbers: false, boxes: whole ? [[corner[0] / 2, corner[1] / 2, 1, 1]] : [] });
    terms.forEach((term, index) => {
      products[index].replaceChildren(`${show(pixels[index])} × ${show(state.kernel[index])}`, element("b", { textContent: show(term) }));
    });
    const words = [say(texts.sum, { row: row + 1, column: column + 1, sum: show(total) })];
    if (state.relu) words.push(say(texts.after_relu, { value: show(Math.max(total, 0)) }));
    const four = whole ? [0, 1, convolved.side, convolved.side + 1].map((by) => convolved.values[corner[0] * convolved.side + corner[1] + by]) : [];
    if (whole && square) words.splice(0, 2, say(texts.largest, { four: four.map(show).join(show(0.5).includes(",") ? "; " : ", "), value: show(Math.max(...four)) }));
    else if (whole) words.push(say(texts.in_square, { value: show(Math.max(...four)) }));
    sum.textContent = words.join(" ");
    const sizes = (n) => ({ side: n, n: number.format(n * n) });
    input.caption.textContent = state.image === DRAWN ? texts.draw_here : say(texts.input_size, sizes(side));
    output.caption.textContent = say(texts.output_size, sizes(convolved.side)) + (convolved.values.some((value) => value < 0) ? ` ${texts.negative}` : "");
    if (pooled) squares.caption.textContent = say(texts.pooled_size, sizes(pooled.side));
    input.canvas.setAttribute("aria-label", input.caption.textContent);
    root.result = { pixels: [...state.pixels], kernel: [...state.kernel], output: convolved.values, pooled: pooled?.values ?? null,
      row, column, products: terms, sum: total };
  }

  // Drawing on the image: a round pen on a finer canvas, whose dots are averaged.
  let paper, last;
  function ink(event) {
    const box = input.canvas.getBoundingClientRect();
    const point = [event.clientX - box.left, event.clientY - box.top].map((place) => place / cell * FINE);
    paper ??= element("canvas", { width: side * FINE, height: side * FINE });
    const pen = paper.getContext("2d", { willReadFrequently: true });
    Object.assign(pen, { strokeStyle: "#fff", lineWidth: PEN * side * FINE, lineCap: "round" });
    pen.beginPath();
    pen.moveTo(...(last ?? point));
    pen.lineTo(...point);
    pen.stroke();
    last = point;
    const { data: dots } = pen.getImageData(0, 0, side * FINE, side * FINE);
    state.ink = Array.from({ length: side * side }, (_, index) => {
      const [y, x] = [Math.floor(index / side) * FINE, (index % side) * FINE];
      let total = 0;
      for (let i = 0; i < FINE; i++) for (let j = 0; j < FINE; j++) total += dots[4 * ((y + i) * side * FINE + x + j) + 3];
      return Math.round(total / FINE ** 2);
    });
    state.pixels = state.ink;
    compute();
  }
  input.canvas.addEventListener("pointerdown", (event) => {
    if (state.image !== DRAWN) return;
    input.canvas.setPointerCapture(event.pointerId);
    last = undefined;
    ink(event);
  });
  input.canvas.addEventListener("pointermove", (event) => { if (state.image === DRAWN && event.buttons) ink(event); });

  root.replaceChildren(controls, ...(data.locked.some((name) => !hidden(name)) ? [element("p", { className: "note", textContent: texts.locked })] : []),
    element("div", { className: "grids" }, input.figure, middle, output.figure, squares.figure));
  convolved = convolve(state.pixels, side, state.kernel, state);
  pooled = state.pooling ? maxPool(convolved.values, convolved.side) : null;
  compute();
  onWidth(root, size);
}
