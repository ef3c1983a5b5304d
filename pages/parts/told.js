// How the browser's parts write what the desk tells: as text, never as markup; what is unknown is a dash, never a zero.

const UNKNOWN = "–";
const SYMBOLS = { INR: "₹", USD: "$", EUR: "€", GBP: "£" };

/** @param {unknown} value @param {number} places @param {boolean} [signed] */
function number(value, places, signed = false) {
  if (typeof value !== "number" || !Number.isFinite(value)) return UNKNOWN;
  const digits = { minimumFractionDigits: places, maximumFractionDigits: places };
  const text = Math.abs(value).toLocaleString("en-US", digits);
  const zero = !/[1-9]/.test(text);
  return (zero ? "" : value < 0 ? "−" : signed ? "+" : "") + text;
}

/** @param {unknown} value @param {string} currency @param {boolean} [signed] with an arrow: gain is not told by colour */
function money(value, currency, signed = true) {
  const text = number(value, 0, signed);
  if (text === UNKNOWN) return text;
  const sign = /^[+−]/.test(text) ? text[0] : "";
  const arrow = signed ? ({ "+": "▲ ", "−": "▼ " }[sign] ?? "") : "";
  return arrow + sign + (SYMBOLS[currency] ?? (currency ? `${currency} ` : "")) + text.slice(sign.length);
}

/** @param {number} seconds */
function since(seconds) {
  if (!Number.isFinite(seconds)) return "never seen";
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
}

/** @param {unknown} stamp an ISO 8601 text with its offset @param {string} zone @param {string} name of the zone */
function clock(stamp, zone, name) {
  const at = Date.parse(String(stamp));
  if (Number.isNaN(at)) return UNKNOWN;
  const digits = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: zone };
  return `${new Date(at).toLocaleTimeString("en-GB", digits)} ${name}`.trim();
}

/** @param {number} many @param {string} noun */
function count(many, noun) {
  return `${number(many, 0)} ${noun}${many === 1 ? "" : "s"}`;
}

/** @param {unknown} name a name of the wire, in words */
function phrase(name) {
  return String(name ?? "").slice(0, 80).replaceAll("_", " ");
}

/** Write it only where it is new: what is selected or read aloud stays. @returns whether it was new */
function put(node, text) {
  if (node.textContent === text) return false;
  node.textContent = text;
  return true;
}

/** @param {string} tag @param {string} [text] */
function element(tag, text = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

/**
 * The children of a list, one for each item by its key: those that stay are the same nodes, filled again.
 * @param {Element} parent @param {any[]} items @param {(item: any) => string} key @param {(item: any) => Element} make
 * @param {(node: Element, item: any, fresh: boolean) => void} fill
 */
function keyed(parent, items, key, make, fill) {
  const before = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  items.forEach((item, place) => {
    const name = key(item);
    const known = before.get(name);
    const node = known ?? make(item);
    before.delete(name);
    node.dataset.key = name;
    fill(node, item, known === undefined);
    if (parent.children[place] !== node) parent.insertBefore(node, parent.children[place] ?? null);
  });
  for (const node of before.values()) node.remove();
}
