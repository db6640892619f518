// The QR code of a link, and below it the link itself. A button shows both as large as the window.

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".lesson-board");
  const [open, large] = [root.querySelector(".board-open"), root.querySelector("dialog")];
  const close = large.querySelector("button");
  for (const image of root.querySelectorAll("img")) Object.assign(image, { src: data.image, alt: data.alt });
  Object.assign(root.querySelector("figure a"), { href: data.url, textContent: data.url });
  large.querySelector(".board-title").textContent = data.title;
  large.querySelector(".board-address").textContent = data.url;
  large.setAttribute("aria-label", data.title);
  Object.assign(open, { textContent: data.texts.open, onclick: () => large.showModal() });
  Object.assign(close, { textContent: data.texts.close, onclick: () => large.close() });
  // Arrow keys turn the lesson's pages, which nobody sees behind this.
  large.onkeydown = (event) => { if (event.key.startsWith("Arrow")) event.stopPropagation(); };
}
