// Notes which controls Tab reaches, and whether each looks different with the focus. Defines `keyboard`.
(() => {
  const CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button], [role=slider], "
    + "[role=switch], [role=checkbox], [role=combobox], [role=tab], [tabindex='0']";

  function all(root) {
    return [...root.querySelectorAll("*")].flatMap((node) => [node, ...(node.shadowRoot ? all(node.shadowRoot) : [])]);
  }
  function isShown(node) {
    const { width, height } = node.getBoundingClientRect();
    return width > 0 && height > 0 && getComputedStyle(node).visibility !== "hidden" && !node.disabled
      && !node.closest("[inert], [aria-hidden=true]");
  }
  function focused() {
    let node = document.activeElement;
    while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
    return node;
  }
  function look(node) {
    const near = [node, ...(node.parentElement?.querySelectorAll("*") ?? [])];
    for (let above = node.parentElement, n = 0; above && n < 5; above = above.parentElement, n++) near.push(above);
    return near.map((each) => {
      const { outline, boxShadow, borderColor, backgroundColor, textDecorationLine, opacity } = getComputedStyle(each);
      return [outline, boxShadow, borderColor, backgroundColor, textDecorationLine, opacity].join();
    }).join("\n");
  }
  function describe(node) {
    const key = node.closest("[class*=st-key-]")?.className.match(/st-key-[\w-]+/)?.[0] ?? "";
    return `${node.tagName.toLowerCase()} ${node.getAttribute("role") ?? ""} ${node.getAttribute("aria-label") ?? node.innerText ?? ""} ${key}`
      .replace(/\s+/g, " ").slice(0, 120);
  }

  const style = document.createElement("style");
  style.textContent = "* { transition: none !important; }";
  document.head.append(style);
  const wanted = all(document).filter((node) => node.matches(CONTROLS) && node.tabIndex >= 0 && isShown(node));
  const before = new Map(wanted.map((node) => [node, look(node)]));
  const reached = new Set(), unseen = [];
  window.keyboard = {
    // Called after each Tab; returns whether the focus is still on the page.
    note() {
      const node = focused();
      if (!node || node === document.body) return reached.size === 0;
      if (!reached.has(node) && before.get(node) === look(node)) unseen.push(describe(node));
      reached.add(node);
      return true;
    },
    report() {
      // Of a group of radio buttons Tab reaches one, and the arrow keys the others.
      const groups = new Set([...reached].map((node) => node.closest("[role=radiogroup]")).filter(Boolean));
      const missed = wanted.filter((node) => node.isConnected && isShown(node) && !reached.has(node)
        && !groups.has(node.closest("[role=radiogroup]")));
      return { n: reached.size, missed: missed.map(describe), unseen };
    },
  };
})();
