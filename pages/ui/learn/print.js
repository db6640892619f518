// A button that opens the browser's print dialogue.

export default function ({ data, parentElement }) {
  const button = parentElement.querySelector(".lesson-print");
  Object.assign(button, { textContent: data.text, onclick: () => window.print() });
}
