// Shows a text that follows a feed, and asks the server for a script run when the feed has moved on to another version.

const SPREAD_MS = 1500; // a class's tabs spread their requests over this time
const SPEAK_MS = 15000; // a screen reader reads a text that only counts on at most this often
const REPEAT_MS = 5000; // another widget's request can replace ours, so it is repeated until the version is drawn

function request(node, version, wait) {
  node.wanted = version;
  setTimeout(() => {
    if (!node.isConnected || node.wanted !== version || node.drawn === version) return;
    node.trigger(version);
    request(node, version, REPEAT_MS);
  }, wait);
}

// Lets screen readers read the text at once if its bold part, such as the state of a run, has changed.
function speak(node, spoken) {
  const gist = node.querySelector("b")?.textContent ?? node.textContent;
  const isFirst = node.gist === undefined;
  if (gist === node.gist && Date.now() < node.spokenAt + SPEAK_MS) return;
  Object.assign(node, { gist, spokenAt: Date.now() });
  if (isFirst) return; // read with the page
  const lines = [...node.querySelectorAll("p")].map((line) => [...line.childNodes]
    .filter((part) => part.ariaHidden !== "true").map((part) => part.textContent).join(line.matches(".figures") ? ", " : ""));
  spoken.textContent = lines.join(". ");
}

export default function ({ data, parentElement, setTriggerValue }) {
  const node = parentElement.querySelector(".live-text");
  const spoken = parentElement.querySelector(".live-text-spoken");
  const show = (html) => {
    if (node.innerHTML === html) return;
    node.innerHTML = html;
    speak(node, spoken);
  };
  show(data.html);
  node.drawn = data.version;
  node.trigger = (version) => setTriggerValue("moved", version);
  followFeed(node, data.follow?.url, (feed) => {
    if (feed.parts[data.follow.part]) show(feed.parts[data.follow.part].html);
    if (!data.version) return;
    if (feed.title) document.title = feed.title;
    if (feed.version === node.drawn) node.wanted = feed.version;
    else if (feed.version !== node.wanted) request(node, feed.version, data.at_once ? 0 : SPREAD_MS * Math.random());
  });
}
