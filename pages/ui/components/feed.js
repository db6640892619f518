// Fetches the changing part of a page once for all charts and texts of this tab that show it. This text is put before each
// component that follows a feed; all of them share one table of feeds.

const feeds = (window.digitLabFeeds ??= new Map());
const RETRY_S = 3; // if the server doesn't answer

async function fetched(url) {
  // Relative to the app's base, because Community Cloud serves apps under a path.
  const answer = await fetch(new URL(url, document.baseURI), { cache: "no-store" });
  if (!answer.ok) throw new Error(answer.statusText);
  return new Response(answer.body.pipeThrough(new DecompressionStream("gzip"))).json();
}

async function poll(feed) {
  clearTimeout(feed.timer);
  let seconds = RETRY_S;
  try {
    if (!document.hidden) feed.newest = await fetched(feed.url);
    seconds = feed.newest?.seconds ?? RETRY_S;
    for (const listener of feed.listeners) listener(feed.newest);
  } catch { /* retried below */ }
  clearTimeout(feed.timer); // a second poll may have begun when the tab became visible
  if (feed.listeners.size && seconds) feed.timer = setTimeout(poll, 1000 * seconds, feed);
  else feeds.delete(feed.url);
}

// Calls `node.onFeed` with each new content of the feed `url` while `node` is on the page. No address ends that.
function followFeed(node, url, onFeed) {
  node.onFeed = onFeed;
  if (node.feedUrl === url) return;
  node.leaveFeed?.();
  node.feedUrl = url;
  node.leaveFeed = undefined;
  if (!url) return;
  const feed = feeds.get(url) ?? { url, listeners: new Set() };
  const listener = (newest) => (node.isConnected ? newest && node.onFeed(newest) : node.leaveFeed());
  node.leaveFeed = () => feed.listeners.delete(listener);
  feed.listeners.add(listener);
  if (feeds.has(url)) return;
  feeds.set(url, feed);
  feed.timer = setTimeout(poll, 0, feed);
}

if (!window.digitLabWakes) {
  window.digitLabWakes = true;
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) for (const feed of window.digitLabFeeds.values()) poll(feed);
  });
}
