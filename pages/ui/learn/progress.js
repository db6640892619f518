// Keeps the lesson's answers in the tab, so that they survive a refresh, and turns its pages with the arrow keys.

const PLACE = "digit-lab-lesson";
// Where arrow keys already have a meaning.
const OWN_KEYS = "input, textarea, select, canvas, [contenteditable], [role=slider], [role=radio], [role=tab], [role=listbox]";

// Returns the stored answers, unless the lesson has been started again since: only a new session is in round 0.
function stored(round) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(PLACE)) ?? {};
    return round && kept.round !== round ? {} : kept.answers ?? {};
  } catch {
    return {}; // storage is disabled: a refresh starts the lesson again
  }
}

export default function ({ data, setStateValue }) {
  const answers = { ...stored(data.round), ...data.answers };
  if (Object.keys(answers).some((step) => !(step in data.answers))) setStateValue("answers", answers);
  try {
    sessionStorage.setItem(PLACE, JSON.stringify({ round: data.round, answers }));
  } catch { /* as above */ }
  if (window.digitLabStep !== data.step) {
    if (window.digitLabStep) document.querySelector(".stMain")?.scrollTo(0, 0);
    window.digitLabStep = data.step;
  }
  const turn = (event) => {
    const name = { ArrowLeft: "learn-back", ArrowRight: "learn-next" }[event.key];
    if (!name || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    if (event.target.closest?.(OWN_KEYS)) return;
    const link = document.querySelector(`.st-key-${name} a`);
    if (!link?.getClientRects().length) return; // there is none, or the address hides it
    event.preventDefault();
    link.click();
  };
  document.addEventListener("keydown", turn);
  return () => document.removeEventListener("keydown", turn);
}
