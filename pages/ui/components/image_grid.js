// A grid of small images that can be clicked: each is a button with a number.

export default function ({ data, parentElement, setTriggerValue }) {
  const grid = parentElement.querySelector(".gallery");
  grid.report = (number) => setTriggerValue("opened", number);
  // A button that is replaced between mouse-down and mouse-up gets no click event.
  const shown = JSON.stringify(data);
  if (grid.shown === shown) return;
  grid.shown = shown;
  grid.style.setProperty("--side", `${data.side}px`);
  grid.replaceChildren(...data.tiles.map((tile) => {
    const button = document.createElement("button");
    const image = document.createElement("img");
    const caption = document.createElement("span");
    button.type = "button";
    if (tile.frame) button.className = tile.frame;
    Object.assign(image, { src: tile.image, alt: tile.alt, width: data.side, height: data.side });
    tile.lines.forEach((line, number) => {
      if (number) caption.append(document.createElement("br"));
      caption.append(line);
    });
    button.append(image, caption);
    button.addEventListener("click", () => grid.report(tile.number));
    return button;
  }));
}
