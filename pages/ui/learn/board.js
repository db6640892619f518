// The QR code of a link, and below it the link itself. A button shows both as large as the window.

let count = 0;

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".lesson-board");
  const [button, large] = [root.querySelector(".board-open"), root.querySelector(".board-large")];
  large.id ||= `lesson-board-${++count}`;
  for (const image of root.querySelectorAll("img")) Object.assign(image, { src: data.image, alt: data.alt });
  const link = root.querySelector("figure a");
  Object.assign(link, { href: data.url, textContent: data.url });
  large.querySelector(".board-title").textContent = data.title;
  large.querySelector(".board-address").textContent = data.url;
  large.setAttribute("aria-label", data.title);
  button.textContent = data.texts.open;
  const close = large.querySelector("button");
  close.textContent = data.texts.close;
  if (root.ready) return;
  root.ready = true;
  button.popoverTargetElement = large;
  Object.assign(close, { popoverTargetElement: large, popoverTargetAction: "hide" });
  // Arrow keys turn the lesson's pages, which nobody sees behind this.
  large.addEventListener("keydown", (event) => { if (event.key.startsWith("Arrow")) event.stopPropagation(); });
}
