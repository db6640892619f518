// Shows a photo with the outline of the paper on it; its four corners can be dragged, or moved with the arrow keys.

const STEP = 0.01; // of the photo, for each press of an arrow key
const KEYS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
const KEY_PAUSE_MS = 400; // after the last key, the new corners are sent

const limited = (value) => Math.min(1, Math.max(0, value));

function draw(photo) {
  photo.querySelector("polygon").setAttribute("points", photo.corners.map(([x, y]) => `${100 * x},${100 * y}`).join(" "));
  photo.querySelectorAll("button").forEach((handle, index) => {
    const [x, y] = photo.corners[index];
    handle.style.left = `${100 * x}%`;
    handle.style.top = `${100 * y}%`;
  });
}

function listen(photo, handle, index) {
  handle.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    handle.focus();
    handle.setPointerCapture(event.pointerId);
    photo.moving = true;
  });
  handle.addEventListener("pointermove", (event) => {
    if (!handle.hasPointerCapture(event.pointerId)) return;
    const { left, top, width, height } = photo.getBoundingClientRect();
    photo.corners[index] = [limited((event.clientX - left) / width), limited((event.clientY - top) / height)];
    draw(photo);
  });
  const end = () => {
    if (!photo.moving) return;
    photo.moving = false;
    photo.report();
  };
  handle.addEventListener("pointerup", end);
  handle.addEventListener("pointercancel", end);
  handle.addEventListener("keydown", (event) => {
    const by = KEYS[event.key];
    if (!by) return;
    event.preventDefault();
    photo.corners[index] = photo.corners[index].map((value, axis) => limited(value + by[axis]));
    draw(photo);
    clearTimeout(photo.timer);
    photo.timer = setTimeout(photo.report, KEY_PAUSE_MS);
  });
}

export default function ({ data, parentElement, setStateValue }) {
  const photo = parentElement.querySelector(".paper-photo");
  photo.report = () => setStateValue("corners", photo.corners);
  const image = photo.querySelector("img");
  if (image.src !== data.image) image.src = data.image;
  image.alt = data.alt;
  const handles = photo.querySelectorAll("button");
  handles.forEach((handle, index) => {
    handle.setAttribute("aria-label", data.labels[index]);
    handle.title = data.labels[index];
    if (!photo.listens) listen(photo, handle, index);
  });
  photo.listens = true;
  if (photo.moving) return;
  photo.corners = data.corners.map((corner) => [...corner]);
  draw(photo);
}
