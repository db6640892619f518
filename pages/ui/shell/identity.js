// Stores two secrets of a visitor, one for this tab and one for this browser, and sends them to the server if it has
// others: after a refresh the tab is the same, but the server's session is a new one.

const PLACES = { tab: "sessionStorage", browser: "localStorage" };

function stored(place, fresh) {
  try {
    const key = "digit-lab-visitor";
    const found = window[place].getItem(key);
    if (!found) window[place].setItem(key, fresh);
    return found || fresh;
  } catch {
    return fresh; // storage is disabled: this visitor is a new one after each refresh
  }
}

export default function ({ data, setStateValue }) {
  const tokens = Object.fromEntries(Object.entries(PLACES).map(([name, place]) => [name, stored(place, data[name])]));
  if (tokens.tab !== data.tab || tokens.browser !== data.browser) setStateValue("visitor", tokens);
}
