// Sets the class for projector mode as soon as a page is there, if this browser has stored it or the link asks for it.
(() => {
  const PLACE = "digit-lab-projector", MODE = "digit-lab-projector"; // as in projector.js and chart_projector.js
  if (window.digitLabProjector) return; // the page was opened from another one
  window.digitLabProjector = true;
  const linked = new URLSearchParams(location.search).get("projector");
  let on = linked === "1";
  try {
    if (linked === "1" || linked === "0") localStorage.setItem(PLACE, on ? "on" : "off");
    on = localStorage.getItem(PLACE) === "on";
  } catch { /* storage is disabled: the mode lasts until the page is loaded again */ }
  document.documentElement.classList.toggle(MODE, on);
})();
