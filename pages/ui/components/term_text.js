// A paragraph whose terms open their explanations: at a click or a key, and while the pointer is over them.

const GAP = 6, EDGE = 8; // pixels between the term and its explanation, and to the edges of the window

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".term-text");
  if (root.html === data.html) return;
  root.html = data.html;
  root.innerHTML = data.html;
  const tip = document.createElement("div");
  tip.className = "term-tip";
  tip.setAttribute("popover", "auto");
  tip.setAttribute("role", "note");
  root.append(tip);

  function open(button) {
    const { name, explanation } = data.terms[Number(button.dataset.term)];
    const title = document.createElement("b");
    title.textContent = name;
    tip.replaceChildren(title, document.createElement("br"), explanation);
    if (!tip.matches(":popover-open")) tip.showPopover();
    const box = button.getBoundingClientRect();
    const below = box.bottom + GAP + tip.offsetHeight < window.innerHeight;
    tip.style.left = `${Math.max(EDGE, Math.min(box.left, window.innerWidth - tip.offsetWidth - EDGE))}px`;
    tip.style.top = `${below ? box.bottom + GAP : box.top - GAP - tip.offsetHeight}px`;
  }
  for (const button of root.querySelectorAll(".term")) {
    button.setAttribute("aria-description", data.terms[Number(button.dataset.term)].explanation);
    let pinned = false; // opened by a click, so it stays when the pointer leaves
    // Light dismissal has already closed an open explanation by the time of the click.
    let wasOpen = false;
    button.addEventListener("pointerdown", () => { wasOpen = pinned && tip.matches(":popover-open"); });
    button.addEventListener("click", (event) => {
      if (event.detail && wasOpen) return;
      pinned = true;
      open(button);
    });
    button.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      button.click();
    });
    button.addEventListener("pointerenter", (event) => {
      if (event.pointerType !== "mouse") return;
      pinned = false;
      open(button);
    });
    button.addEventListener("pointerleave", () => { if (!pinned && tip.matches(":popover-open")) tip.hidePopover(); });
  }
}
