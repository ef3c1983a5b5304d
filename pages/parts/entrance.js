// Sign in by a one-time link or a typed key. What stands after the # of the address leaves the browser in a body only.

const DOOR = "/live/session";
const told = document.getElementById("told");
const form = document.getElementById("form");
const field = document.getElementById("key");

/** @param {string} text @param {boolean} bad */
function say(text, bad) {
  told.textContent = text;
  told.toggleAttribute("data-bad", bad);
}

/** @param {{token: string} | {key: string}} what */
async function enter(what) {
  say("Signing in …", false);
  const next = new URLSearchParams(location.search).get("next") ?? "/";
  try {
    const answer = await fetch(DOOR, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...what, next }),
      credentials: "same-origin",
      redirect: "error",
      cache: "no-store",
      signal: AbortSignal.timeout(15_000),
    });
    const found = await answer.json();
    if (answer.ok) return location.replace(found.next);
    ask(found.detail ?? `refused (${answer.status})`);
  } catch (error) {
    ask(`The app does not answer (${error.message}). Is it running?`);
  }
}

/** @param {string} [problem] */
function ask(problem) {
  say(problem ?? "Type a key, or open the link that the desk printed when it started.", problem !== undefined);
  form.hidden = false;
  field.focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const key = field.value.trim();
  field.value = "";
  if (key) void enter({ key });
});

function begin() {
  const token = location.hash.slice(1);
  if (!token) return ask();
  history.replaceState(null, "", location.pathname + location.search);
  void enter({ token });
}

// A second link, opened in the tab that shows this page, changes no more than the #.
addEventListener("hashchange", () => location.hash.length > 1 && begin());
begin();
