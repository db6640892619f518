// Remembers the chosen language in a cookie, which the server sees before it draws the first page, and names the page's
// language for screen readers and the browser's own translation.

const YEAR_S = 31_536_000;

export default function ({ data }) {
  document.documentElement.lang = data.tag;
  if (data.chosen) document.cookie = `${data.cookie}=${data.chosen}; path=/; max-age=${YEAR_S}; SameSite=Lax`;
}
