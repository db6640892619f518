// Keeps two secrets of a visitor, one for this tab and one for this browser, and tells the server those that it
// does not know yet: after a refresh the tab is the same, and the server's session is a new one.

const PLACES = { tab: "sessionStorage", browser: "localStorage" };

function kept(place, fresh) {
  try {
    const key = "digit-lab-visitor";
    const found = window[place].getItem(key);
    if (!found) window[place].setItem(key, fresh);
    return found || fresh;
  } catch {
    return fresh; // storage is switched off: this visitor is a new one after each refresh
  }
}

export default function ({ data, setStateValue }) {
  const told = Object.fromEntries(Object.entries(PLACES).map(([name, place]) => [name, kept(place, data[name])]));
  if (told.tab !== data.tab || told.browser !== data.browser) setStateValue("visitor", told);
}
