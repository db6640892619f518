// Adds what Streamlit's elements leave out for people who don't see the screen or use no mouse: the page's heading, the
// levels of the others, landmarks, the current page in the menu, live regions, and a skip link that skips our menu, too.

const LIVE = ".st-key-learn-question, .st-key-learn-read"; // the answer to a question; the predictions for a drawing

function set(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

function mark(heading, data) {
  for (const menu of document.querySelectorAll(".st-key-menu")) {
    set(menu, "role", "navigation");
    set(menu, "aria-label", data.menu);
    for (const link of menu.querySelectorAll("a")) {
      const path = (href) => new URL(href, document.baseURI).pathname.replace(/\/$/, "");
      // Home's address is empty, which would be the current page's.
      if (path(link.getAttribute("href") || "./") === path(location.href)) set(link, "aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }
  for (const footer of document.querySelectorAll(".st-key-footer")) {
    set(footer, "role", "region");
    set(footer, "aria-label", data.footer);
  }
  // Streamlit's subheaders are h3 and would skip a level.
  for (const each of document.querySelectorAll(".stMain :is(h3, h4)")) set(each, "aria-level", each.tagName === "H3" ? "2" : "3");
  for (const region of document.querySelectorAll(LIVE)) set(region, "aria-live", "polite");
  // The canvas of a data frame contains a table for screen readers, but has no name.
  for (const canvas of document.querySelectorAll(".st-key-tune-table canvas[tabindex]")) set(canvas, "aria-label", data.trials);
  const others = [...document.querySelectorAll(".stMain h1")].filter((each) => each !== heading);
  heading.hidden = others.length > 0;
}

// Streamlit's skip link leads to the top of the page, where our menu is.
function skipMenu(event) {
  if (!event.target.closest?.('[data-testid="stSkipToContent"]')) return;
  const start = document.querySelector(".page-start");
  if (!start) return;
  event.preventDefault();
  event.stopPropagation();
  start.focus();
}

export default function ({ data, parentElement }) {
  const heading = parentElement.querySelector(".page-heading");
  heading.textContent = data.title;
  let planned = 0;
  const later = () => { planned ||= requestAnimationFrame(() => { planned = 0; mark(heading, data); }); };
  const observer = new MutationObserver(later);
  observer.observe(document.body, { subtree: true, childList: true });
  document.addEventListener("click", skipMenu, true);
  mark(heading, data);
  return () => {
    observer.disconnect();
    cancelAnimationFrame(planned);
    document.removeEventListener("click", skipMenu, true);
  };
}
