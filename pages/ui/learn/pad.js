// A square to draw on with a mouse, a pen or a finger. After each stroke the server gets all strokes.

const INK = "#1d2433", MOST_POINTS = 4000;

export default function ({ data, parentElement, setStateValue }) {
  const canvas = parentElement.querySelector("canvas");
  canvas.setAttribute("aria-label", data.label);
  canvas.send = (strokes) => setStateValue("strokes", strokes);
  const pen = canvas.getContext("2d");
  const paint = () => {
    pen.clearRect(0, 0, data.side, data.side);
    Object.assign(pen, { lineWidth: data.pen, lineCap: "round", lineJoin: "round", strokeStyle: INK });
    for (const stroke of canvas.strokes) {
      pen.beginPath();
      pen.moveTo(...stroke[0]);
      for (const point of stroke) pen.lineTo(...point);
      pen.stroke();
    }
  };
  if (canvas.sheet !== data.sheet) {
    Object.assign(canvas, { sheet: data.sheet, strokes: data.strokes, width: data.side, height: data.side, isReady: true });
    paint();
  }
  if (canvas.ready) return;
  canvas.ready = true;
  let stroke;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top].map((where) => Math.round(where * data.side / box.width * 10) / 10);
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary || event.button) return;
    canvas.setPointerCapture(event.pointerId);
    // A drawing that was there already makes room for one's own.
    canvas.strokes = [...(canvas.isReady ? [] : canvas.strokes), (stroke = [place(event)])];
    canvas.isReady = false;
    paint();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!stroke || !event.isPrimary || stroke.length > MOST_POINTS) return;
    stroke.push(place(event));
    paint();
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, () => {
      if (!stroke) return;
      stroke = undefined;
      canvas.send(canvas.strokes);
    });
  }
}
