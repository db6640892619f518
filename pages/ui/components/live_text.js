// Shows a text that follows a feed, and asks the server for a script run when the feed has moved on to another version.

const SPREAD_MS = 1500; // a class's tabs spread their requests over this time

export default function ({ data, parentElement, setTriggerValue }) {
  const node = parentElement.querySelector(".live-text");
  const show = (html) => { if (node.innerHTML !== html) node.innerHTML = html; };
  show(data.html);
  node.requested = data.version;
  followFeed(node, data.follow?.url, (feed) => {
    if (feed.parts[data.follow.part]) show(feed.parts[data.follow.part].html);
    if (!data.version) return;
    if (feed.title) document.title = feed.title;
    if (feed.version === node.requested) return;
    node.requested = feed.version;
    setTimeout(() => setTriggerValue("moved", feed.version), data.at_once ? 0 : SPREAD_MS * Math.random());
  });
}
