"use strict";
// The journal is followed; everything on the page is made from its entries, so a page that is loaded again shows the same.

let KEPT = 2000; // entries for an export, and turns on the page: a page that is open for days stays small
const session = new URLSearchParams(location.search).get("session");
const query = (more = {}) => {
  const given = new URLSearchParams(session === null ? more : { ...more, session });
  return given.size ? `?${given}` : "";
};
const find = (id) => document.getElementById(id);
const make = (name, text = "", className = "") => Object.assign(document.createElement(name), { textContent: text, className });

let LISTED = 200; // events on the page
let connections, turns, entries, chosen, drawn, news;
const begin = () => {
  [connections, turns, entries, chosen, news] = [new Map(), new Map(), [], null, []];
  find("turns").replaceChildren();
  find("events").replaceChildren();
};

// Reading the journal ---------------------------------------------------------------------------------------

const askedText = (body) => {
  const input = body?.input;
  if (typeof input === "string") return input;
  const last = Array.isArray(input) ? input.at(-1) : undefined;
  if (last === undefined) return "";
  if (last.type?.endsWith("_output")) return `(output of ${last.call_id})`;
  return typeof last.content === "string" ? last.content : (last.content ?? []).map((part) => part.text ?? "").join("");
};

const forgetOldest = (known, may) => {
  if (known.size < KEPT) return;
  for (const [key, one] of known) {
    if (!may(one)) continue;
    one.item?.remove();
    known.delete(key);
    return;
  }
};

const contents = ({ kind, data }) => (kind === "event" && typeof data.data === "object" ? data.data : data);

const note = (entry) => {
  const place = `${entry.worker}/${entry.connection}`;
  if (!connections.has(place)) forgetOldest(connections, (one) => one.state !== "open");
  if (!connections.has(place)) connections.set(place, { number: entry.connection, transport: "", client: "", turns: 0, state: "open" });
  const connection = connections.get(place);
  const { kind } = entry;
  const data = contents(entry);
  if (kind === "open") {
    connection.transport = data.transport;
    connection.client = data.headers?.["user-agent"] ?? "";
  }
  if (kind === "close") {
    connection.state = `closed by ${data.by}: ${data.code ?? data.how}`;
    if (chosen === place) chosen = [...connections].find(([, one]) => one.state === "open")?.[0] ?? null;
  }
  if (chosen === null && kind === "open") chosen = place;
  const key = `${place}/${entry.turn}/${entry.lane}`;
  if (kind === "request") {
    connection.turns += 1;
    forgetOldest(turns, () => true);
    turns.set(key, { place: `connection ${entry.connection}, turn ${entry.turn}`, asked: askedText(data.body), user: data.body?.input, said: "", wrong: [], faults: [], item: null });
  }
  const turn = turns.get(key);
  if (turn === undefined) return;
  if (kind === "event" && typeof data.delta === "string" && data.type === "response.output_text.delta") turn.said += data.delta;
  if (kind === "event" && data.type === "response.output_item.done" && data.item?.type === "function_call") turn.said += `${data.item.name}(${data.item.arguments})`;
  if (kind === "event" && data.error) turn.wrong.push(data.error.message ?? data.type);
  if (kind === "event" && data.type === "response.failed") turn.wrong.push(data.response?.error?.message ?? "failed");
  if (kind === "status" && data.error) turn.wrong.push(`${data.status} ${data.error.message ?? data.code ?? ""}`);
  if (kind === "fault") {
    turn.wrong.push(`fault: ${data.fault}`);
    turn.faults.push({ at: data.trigger, do: data.fault });
  }
  turn.changed = true;
};

// Drawing ---------------------------------------------------------------------------------------------------

const drawConnections = () => {
  const focused = document.activeElement?.value;
  const rows = [...connections].filter(([place], at) => at >= connections.size - LISTED || place === chosen).map(([place, one]) => {
    const row = make("tr", "", one.state === "open" ? "" : "closed");
    const radio = Object.assign(make("input"), { type: "radio", name: "chosen", value: place, checked: place === chosen, disabled: one.state !== "open" });
    radio.setAttribute("aria-label", `Choose connection ${one.number}`);
    radio.addEventListener("change", () => { chosen = place; draw(); });
    const first = make("td");
    first.append(radio);
    row.append(first, ...[one.number, one.transport, one.client, one.turns, one.state].map((text) => make("td", String(text))));
    return row;
  });
  find("connections").replaceChildren(...rows);
  if (focused) document.querySelector(`input[value="${CSS.escape(focused)}"]`)?.focus();
  find("no-connections").hidden = rows.length > 0;
  find("breaking").disabled = chosen === null;
  find("chosen").textContent = chosen === null ? "the chosen connection" : `connection ${connections.get(chosen).number}`;
};

const inWords = ({ kind, data }) => {
  const event = kind === "event" ? contents({ kind, data }) : data;
  if (kind === "open") return `open ${data.transport} ${data.path}`;
  if (kind === "request") return `→ ${data.method ?? ""} ${data.path ?? ""} ${askedText(data.body)}`;
  if (kind === "status") return `← ${data.status} ${data.code ?? ""}`;
  if (kind === "fault") return `fault: ${data.fault}`;
  if (kind === "close") return `closed by ${data.by}: ${data.code ?? data.how}`;
  return `← ${event.type} ${typeof event.delta === "string" ? event.delta : event.error?.message ?? ""}`;
};

const drawEvents = () => {
  const list = find("events");
  const below = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  list.append(...news.splice(0).slice(-LISTED).map((entry) => {
    const item = make("li", "", entry.kind);
    item.append(make("span", `${entry.at.toFixed(3)} s, connection ${entry.connection}`, "place"), make("span", inWords(entry)));
    return item;
  }));
  while (list.childElementCount > LISTED) list.firstElementChild.remove();
  find("no-events").hidden = list.childElementCount > 0;
  if (below) list.scrollTop = list.scrollHeight;
};

const drawTurns = () => {
  const list = find("turns");
  const below = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  for (const turn of turns.values()) {
    if (!turn.changed) continue;
    turn.changed = false;
    const item = make("li");
    item.append(make("div", turn.place, "place"), make("p", turn.asked, "asked"), make("p", turn.said, "said"));
    item.append(...turn.wrong.map((text) => make("p", text, "wrong")));
    if (turn.item) turn.item.replaceWith(item); else list.append(item);
    turn.item = item;
  }
  while (list.childElementCount > KEPT) list.firstElementChild.remove();
  find("no-turns").hidden = list.childElementCount > 0;
  if (below) list.scrollTop = list.scrollHeight;
};

const draw = () => { // a timer, because frames are not asked for in a tab that nobody looks at
  drawn ??= setTimeout(() => { drawn = undefined; drawConnections(); drawTurns(); drawEvents(); }, 30);
};

const drawScript = async () => {
  const answer = await fetch(`script${query()}`);
  if (!answer.ok) return;
  const { rules, misses } = await answer.json();
  find("rules").replaceChildren(...rules.map((rule) => {
    const row = make("tr");
    row.append(make("td", String(rule.answered)), make("td", rule.rule));
    return row;
  }));
  find("misses").replaceChildren(...misses.slice(-50).map((miss) => make("li", miss)));
  find("no-rules").hidden = rules.length > 0;
  find("no-misses").hidden = misses.length > 0;
};

// Breaking --------------------------------------------------------------------------------------------------

const tell = (text, gone = false) => {
  find("state").textContent = text;
  find("state").classList.toggle("gone", gone);
};

const breakNow = async (button) => {
  const { number } = connections.get(chosen);
  const { fault, code } = button.dataset;
  const plan = [{ at: { connection: number, phase: "moment", at: 0 }, do: code ? { [fault]: { code: Number(code) } } : fault }];
  const answer = await fetch(`faults${query()}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(plan) });
  tell(answer.ok ? `Connection ${number}: ${button.textContent.toLowerCase()}.` : (await answer.json()).error, !answer.ok);
};

// Saving ----------------------------------------------------------------------------------------------------

const save = (name, text) => {
  const link = Object.assign(make("a"), { href: URL.createObjectURL(new Blob([text])), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};

const asCassette = () => {
  const lines = [{ ninelives: 1, recorded: new Date().toISOString(), upstream: location.origin, tool: "mock_openai" }];
  const first = entries[0]?.at ?? 0;
  const sockets = new Set(entries.filter((one) => one.kind === "open" && one.data.transport === "websocket").map((one) => one.connection));
  const numbers = new Map(); // an exchange over HTTP has a number of its own
  for (const entry of entries) {
    const { at, connection, turn, kind } = entry;
    const data = contents(entry);
    const t = Math.round((at - first) * 1000);
    const socket = sockets.has(connection);
    const key = socket ? `${connection}` : `${connection}/${turn}`;
    if (!socket && kind === "open") continue;
    if (socket && kind === "status") continue; // of the handshake
    if (!numbers.has(key)) numbers.set(key, numbers.size + 1);
    const line = (k, more) => lines.push({ t, c: numbers.get(key), k, ...more });
    if (socket && kind === "open") line("open", { path: data.path, headers: {}, status: 101, answer: {} });
    else if (socket && kind === "request") line("send", { data: { type: "response.create", ...data.body } });
    else if (socket && kind === "event") line("recv", { data });
    else if (socket && kind === "close") line("close", { by: data.by === "client" ? "client" : "server", code: data.code ?? 1006, reason: data.reason });
    else if (kind === "request") line("request", { method: data.method, path: data.path, headers: {}, body: data.body });
    else if (kind === "status") line("response", { status: data.status, headers: { "content-type": "text/event-stream; charset=utf-8" } });
    else if (kind === "event") {
      line("event", { data });
      if (/^response\.(completed|failed|incomplete)$/.test(data.type)) line("end", {});
    }
  }
  return lines.map((line) => JSON.stringify(line)).join("\n") + "\n";
};

const asScenario = () => {
  const steps = [...turns.values()].filter((turn) => turn.asked && turn.said && !turn.said.endsWith(")")).map((turn) => ({
    user: turn.asked,
    answer: turn.said,
    ...(turn.faults.length ? { faults: turn.faults } : {}),
  }));
  const schema = "# yaml-language-server: $schema=https://ninelives-dev.github.io/ninelives/schemas/scenario.json\n";
  return schema + JSON.stringify({ scenario: "from_the_live_page", sentence: "Saved from the live page.", steps }, null, 2) + "\n";
};

// ------------------------------------------------------------------------------------------------------------

begin();
find("where").textContent = location.host + (session === null ? "" : `, session ${session}`);
const source = new EventSource(`journal${query({ follow: "1" })}`);
source.addEventListener("open", () => { begin(); tell("Connected."); draw(); drawScript(); });
source.addEventListener("error", () => tell("Lost the connection to the server. Reconnecting …", true));
let asking;
source.addEventListener("message", ({ data }) => {
  const entry = JSON.parse(data);
  if (entry.kind === "gap") { tell(`${entry.missed} entries were missed.`); return; }
  entries.push(entry);
  news.push(entry);
  if (news.length > KEPT) news.splice(0, KEPT - LISTED);
  if (entries.length > KEPT * 10) entries.splice(0, KEPT);
  note(entry);
  draw();
  if (entry.kind === "request") { clearTimeout(asking); asking = setTimeout(drawScript, 50); }
});
find("breaking").addEventListener("click", ({ target }) => { if (target.dataset.fault && chosen !== null) breakNow(target); });
find("save-cassette").addEventListener("click", () => save("live.jsonl", asCassette()));
find("save-scenario").addEventListener("click", () => save("live.yaml", asScenario()));
