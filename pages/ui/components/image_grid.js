// A grid of small images that can be opened: each is a button, told apart by its number.

export default function ({ data, parentElement, setTriggerValue }) {
  const grid = parentElement.querySelector(".gallery");
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
    button.addEventListener("click", () => setTriggerValue("opened", tile.number));
    return button;
  }));
}
