// STOP: a button at its own fixed place and a dialog, both outside what Streamlit draws, so that neither a busy script,
// a page that changes nor a lost session takes them away. Its request is the browser's own.

const STOP = Symbol.for("deskwatch.stop");
/** So long after the last page with a bar has gone. */
const STAY_MS = 60_000;
const ANSWER_MS = 15_000;
const PLAN_MS = 5_000;
const OLD_S = 4;
const NO_REASON = "STOP pressed in the app";
const REMEDY = 'If in doubt, stop from a terminal on the desk\'s machine: python -m sidecar stop --reason "…"';
const LOOKS = ["text-color", "background-color", "secondary-background-color", "border-color", "font"];
const MAY_NOT = { viewer: "viewer: cannot stop", "": "not signed in: cannot stop" };

/** The one of this browser's page. */
function stopBox() {
  return (globalThis[STOP] ??= new Stop());
}

class Stop {
  constructor() {
    this.host = document.createElement("div");
    this.host.dataset.deskwatch = "stop";
    // What keeps the focus inside Streamlit's own dialogs lets it go to this one.
    this.host.dataset.noFocusLock = "true";
    this.host.dataset.reactAriaTopLayer = "true";
    this.root = this.host.attachShadow({ mode: "open" });
    this.phase = "";
    this.frame = 0;
    this.onKey = (event) => this.key(event);
    globalThis.addEventListener("keydown", this.onKey, true);
  }

  at(name) {
    return this.root.querySelector(`[data-at="${name}"]`);
  }

  /** A page's bar is there: its markup, looks and ticket are this one's. */
  take(page, data) {
    clearTimeout(this.leaving);
    this.data = data;
    if (!this.root.firstChild) this.build(page.querySelector('template[data-at="stop"]').content);
    const looks = getComputedStyle(page.host ?? page);
    for (const name of LOOKS) this.host.style.setProperty(`--st-${name}`, looks.getPropertyValue(`--st-${name}`));
    if (!this.host.isConnected) document.body.prepend(this.host);
    const why = MAY_NOT[data.role ?? "unknown"];
    put(this.at("open"), why ? `■ STOP (${why})` : "■ STOP");
    this.at("open").dataset.may = why ? "no" : "yes";
    this.ask();
  }

  /** A page's bar has gone; the next one's comes soon. */
  let() {
    clearTimeout(this.leaving);
    this.leaving = setTimeout(() => (this.dialog.open ? this.let() : this.end()), STAY_MS);
  }

  end() {
    globalThis.removeEventListener("keydown", this.onKey, true);
    this.host.remove();
    if (globalThis[STOP] === this) delete globalThis[STOP];
  }

  build(content) {
    this.root.append(content.cloneNode(true));
    this.dialog = this.root.querySelector("dialog");
    this.reason = this.root.querySelector("#reason");
    this.at("open").onclick = () => this.open();
    this.at("confirm").onclick = () => this.send();
    this.at("leave").onclick = () => this.dialog.close();
    this.at("flatten").onchange = () => this.choose();
    this.dialog.addEventListener("cancel", (event) => {
      if (this.phase === "sending") event.preventDefault();
    });
    this.dialog.onclose = () => this.closed();
  }

  key(event) {
    if (event.key === "F9" && !event.repeat) {
      event.preventDefault();
      event.stopImmediatePropagation();
      this.open();
    } else if (this.dialog?.open) {
      if (event.key === "Enter" && event.ctrlKey && !event.repeat && this.phase === "ask") this.send();
      else if (event.key === "Tab") this.turn(event);
      // What is typed here is nobody else's shortcut.
      if (event.key !== "Escape" && event.key !== "Tab") event.stopPropagation();
      if (event.key === "Enter" && event.ctrlKey) event.preventDefault();
    }
  }

  /** The focus goes round within the dialog. */
  turn(event) {
    const stops = [...this.dialog.querySelectorAll("button, input")].filter((one) => one.checkVisibility() && !one.disabled);
    const last = event.shiftKey ? stops[0] : stops.at(-1);
    if (this.root.activeElement !== last && stops.includes(this.root.activeElement)) return;
    event.preventDefault();
    (event.shiftKey ? stops.at(-1) : stops[0])?.focus();
  }

  // ---- a dialog's life: ask, sending, then done, unsure or refused -----------------------------------------------

  open() {
    if (this.dialog.open) return;
    this.rest();
    this.opened = (this.opened ?? 0) + 1;
    this.was = focused();
    this.plan = this.planTrouble = null;
    this.answer = this.trouble = null;
    this.at("flatten").checked = false;
    this.reason.value = "";
    this.enter("ask");
    this.dialog.showModal();
    this.reason.focus();
    this.wire = wireTo(this.data.path);
    this.wire.take(this.data.ticket);
    this.release = this.wire.hold(["breaker", "orders", "positions"], { changed: () => this.ask() });
    void this.wire.look();
    this.ticking = setInterval(() => this.draw(), 100);
    this.draw();
  }

  /** A browser tells of a close some time after it: by then the dialog may be open again, and this is not its end. */
  closed() {
    if (this.dialog.open) return;
    this.rest();
    this.enter("");
    this.was?.focus?.();
  }

  /** Nothing is asked or drawn any more. */
  rest() {
    clearInterval(this.ticking);
    clearTimeout(this.planning);
    this.release?.();
    this.release = this.wire = null;
  }

  enter(phase) {
    this.phase = phase;
    this.dialog.dataset.phase = phase;
    this.at("ask").hidden = phase !== "ask";
    this.at("outcome").hidden = phase === "ask" || phase === "";
    const again = phase === "unsure" || phase === "refused";
    const confirm = this.at("confirm");
    confirm.hidden = phase === "done" || phase === "sending";
    confirm.disabled = this.data.role in MAY_NOT;
    put(this.at("leave"), phase === "ask" || phase === "" ? "Cancel" : phase === "sending" ? "Sending …" : "Done");
    this.at("leave").disabled = phase === "sending";
    this.at("keys").hidden = phase !== "ask";
    put(this.at("remedy"), again || this.data.role in MAY_NOT ? REMEDY : "");
    if (phase === "done") this.at("leave").focus();
    if (again) confirm.focus();
  }

  choose() {
    clearTimeout(this.planning);
    if (this.at("flatten").checked) void this.read();
    this.draw();
  }

  /** What a flatten would do now, read again for as long as it is asked. */
  async read() {
    const turn = this.opened;
    try {
      this.plan = (await this.wire.read("/emergency/positions/plan?close_all=true")).plan;
      this.planTrouble = null;
    } catch (error) {
      this.plan = null;
      this.planTrouble = String(error.message).slice(0, 200);
    }
    if (this.phase !== "ask" || turn !== this.opened || !this.at("flatten").checked) return;
    this.planning = setTimeout(() => this.read(), PLAN_MS);
    this.draw();
  }

  /** Once; only a person sends it again. */
  async send() {
    if (this.phase === "sending" || this.phase === "done" || this.data.role in MAY_NOT) return;
    clearTimeout(this.planning);
    this.flatten = this.at("flatten").checked;
    this.began = performance.now();
    this.enter("sending");
    this.draw();
    const body = JSON.stringify({ reason: this.reason.value.trim() || NO_REASON, flatten: this.flatten });
    const headers = { "X-API-Key": this.data.ticket, "Content-Type": "application/json" };
    const options = { method: "POST", headers, body, cache: "no-store", redirect: "error", keepalive: true };
    let status;
    try {
      const url = `${location.origin}${this.data.path}/emergency/stop`;
      const answer = await fetch(url, { ...options, signal: AbortSignal.timeout(ANSWER_MS) });
      status = answer.status;
      const told = await answer.json();
      if (answer.ok && told?.state) return this.over("done", told);
      this.trouble = `${status}: ${String(told?.detail ?? told?.title ?? "an answer that says nothing").slice(0, 300)}`;
    } catch (error) {
      const late = error.name === "TimeoutError";
      this.trouble = late ? `No answer within ${ANSWER_MS / 1_000} s.` : `No answer came (${error.message}).`;
    }
    this.over(status >= 400 && status < 500 ? "refused" : "unsure", null);
  }

  over(phase, answer) {
    this.took = performance.now() - this.began;
    this.answer = answer;
    this.enter(phase);
    void this.wire?.look();
    this.draw();
  }

  // ---- what it says --------------------------------------------------------------------------------------------

  ask() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  draw() {
    if (!this.wire) return;
    const told = this.phase === "ask" ? consequences(this) : outcome(this);
    put(this.at("confirm"), this.phase !== "ask" ? "Send again" : this.at("flatten").checked ? "Stop and flatten" : "Stop trading now");
    const why = MAY_NOT[this.data.role];
    this.at("viewer").hidden = !why;
    if (why) put(this.at("viewer"), `✕ ${why}. Your key may not stop.`);
    put(this.at("headline"), told.headline ?? "");
    const place = this.at(this.phase === "ask" ? "consequences" : "lines");
    const lines = told.lines.map((text, at) => [String(at), text]);
    keyed(place, lines, ([key]) => key, () => element("li"), (node, [, text]) => put(node, text));
  }
}

/** Where the focus is, also inside a component. */
function focused() {
  let found = document.activeElement;
  while (found?.shadowRoot?.activeElement) found = found.shadowRoot.activeElement;
  return found;
}
