// Makes the prediction a live region: Streamlit's containers have no role of their own, and are replaced now and then.

const PREDICTION = ".st-key-draw-answer:not([aria-live])";

export default function () {
  const mark = () => {
    for (const region of document.querySelectorAll(PREDICTION)) {
      region.setAttribute("role", "status");
      region.setAttribute("aria-live", "polite");
      region.setAttribute("aria-atomic", "true");
    }
  };
  const observer = new MutationObserver(mark);
  observer.observe(document.body, { subtree: true, childList: true });
  mark();
  return () => observer.disconnect();
}
