"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const colours = { user: "--user", bot: "--bot", played: "--played", tool: "--tool", error: "--error", fault: "--fault" };
  const colour = (lane) => `var(${colours[lane] || "--wire"})`;
  const whole = 100000; // positions on the axis are whole numbers up to here
  const many = data.chapters.length > 8;
  let chapter = null, selected = -1, zoom = 1, hidden = new Set(), shown = [], parts = [], links = [], listed = [];

  const unpack = (c) => {
    c.rows = c.rows.map(([x, at, lane, moment]) => {
      const [kind, text, detail] = data.moments[moment];
      return { x, at, lane, kind, text, detail: data.texts[detail] };
    });
    c.findings = c.findings.map(([name, held, why]) => ({ name, held, why: data.texts[why] }));
    c.unpacked = true;
  };

  // Everything that was said comes in as text, never as markup.
  const make = (tag, cls, text) => {
    const node = document.createElement(tag);
    if (cls) node.className = cls;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const broken = (c) => c.findings.filter((f) => (f.held ?? f[1]) === false).map((f) => f.name ?? f[0]);
  const verdict = (c) => {
    if (c.crashed || c.broken.length > 1 || (c.broken.length && c.broken[0] !== "I10")) return "bad";
    return c.broken.length ? "late" : c.findings.length ? "good" : "none";
  };
  const isBroken = (c) => c.crashed || c.broken.length > 0;
  const words = { bad: "broken", late: "broken only by latency", good: "kept", none: "not judged" };
  const percent = (x) => `${(x * 100 / whole).toFixed(3)}%`;

  function openChapter(index) {
    if (!data.chapters[index]) return;
    chapter = data.chapters[index];
    if (!chapter.unpacked) unpack(chapter);
    selected = -1; hidden = new Set();
    document.querySelector("#chapters [aria-current]")?.removeAttribute("aria-current");
    links[index].setAttribute("aria-current", "page");
    if (many) reveal(links[index]);
    drawScenario(); drawLanes(); drawPlot(); drawRows();
    if (named() !== index) history.replaceState(null, "", `#${encodeURIComponent(chapter.name)}`);
  }

  function named() { // by the address of the page
    try {
      const name = decodeURIComponent(location.hash.slice(1));
      return data.chapters.findIndex((c) => c.name === name);
    } catch { return -1; }
  }

  function reveal(link) { // in the list, and without moving the page
    const box = $("chapters"), top = link.offsetTop - box.offsetTop;
    if (top < box.scrollTop || top + link.offsetHeight > box.scrollTop + box.clientHeight) box.scrollTop = top - box.clientHeight / 3;
  }

  // The list of timelines ------------------------------------------------------------------------------------

  const several = new Set(data.chapters.map((c) => c.bot)).size > 1;
  const heading = (c) => c.group || "scenarios";

  function drawLink(c) {
    c.broken = broken(c);
    const link = make("a"), dot = make("i", verdict(c));
    link.href = `#${encodeURIComponent(c.name)}`;
    dot.title = words[verdict(c)];
    dot.setAttribute("role", "img");
    dot.setAttribute("aria-label", words[verdict(c)]);
    link.append(dot, make("span", "", c.title));
    if (many) {
      link.title = c.sentence;
      link.append(make("b", "", c.crashed ? "crashed" : c.broken.join(" ")));
      link.append(make("small", "", c.dead_air === null ? "" : `${c.dead_air.toFixed(2)} s`));
      if (several) link.append(make("em", "", c.bot));
    }
    return link;
  }

  function fill(id, values, all, label) {
    const there = [...new Set(values)];
    $(id).append(new Option(all, ""), ...there.map((value) => new Option(label(value), value)));
    $(id).closest("label").hidden = there.length < 2;
  }

  function drawFilters() {
    const all = data.chapters, bad = (chosen) => all.filter((c) => isBroken(c) && chosen(c)).length;
    const count = (number) => (number ? ` (${number} broken)` : "");
    fill("bot", all.map((c) => c.bot), "all", (bot) => bot + count(bad((c) => c.bot === bot)));
    fill("group", all.map(heading), "all", (group) => group + count(bad((c) => heading(c) === group)));
    const promises = all.flatMap((c) => [...c.about, ...c.findings.map((f) => f.name ?? f[0])]);
    promises.sort((one, other) => one.slice(1) - other.slice(1));
    fill("promise", promises, "all", (promise) => promise + count(bad((c) => c.broken.includes(promise))));
    $("filters").hidden = $("keys").hidden = false;
    $("filters").addEventListener("change", list);
  }

  function list() {
    const [bot, group, promise, sort] = ["bot", "group", "promise", "sort"].map((id) => $(id).value);
    const only = $("broken").checked;
    listed = [...data.chapters.keys()].filter((i) => {
      const c = data.chapters[i];
      if (bot && c.bot !== bot || group && heading(c) !== group) return false;
      if (only && !isBroken(c)) return false;
      return !promise || c.broken.includes(promise) || (!only && c.about.includes(promise));
    });
    if (sort) listed.sort((one, other) => (data.chapters[other].dead_air ?? -1) - (data.chapters[one].dead_air ?? -1));
    let under = null;
    $("chapters").replaceChildren(...listed.flatMap((i) => {
      const c = data.chapters[i], above = several ? `${c.bot}: ${heading(c)}` : heading(c);
      if (!many || sort || above === under || data.chapters.every((c) => !c.group)) return [links[i]];
      under = above;
      return [make("h2", "", above), links[i]];
    }));
    $("chapters").scrollTop = 0;
    const all = data.chapters.length, bad = listed.filter((i) => isBroken(data.chapters[i])).length;
    $("found").textContent = `${listed.length === all ? all : `${listed.length} of ${all}`} scenarios, ${bad} broken`;
  }

  function turn(by) { // to the next of the list, or the one before
    if (!listed.length) return;
    const place = listed.indexOf(data.chapters.indexOf(chapter));
    openChapter(listed[place < 0 ? 0 : Math.min(Math.max(place + by, 0), listed.length - 1)]);
  }

  // One timeline ---------------------------------------------------------------------------------------------

  function drawScenario() {
    const box = $("scenario");
    box.replaceChildren(...(many ? [make("h2", "", several ? `${chapter.title} (${chapter.bot})` : chapter.title)] : []), make("p", "", chapter.sentence));
    if (chapter.latency) box.append(make("p", "latency", chapter.latency));
    const talk = make("dl");
    for (const [asked, heard] of chapter.heard) {
      talk.append(make("dt", "", asked), make("dd", heard.endsWith("…") ? "cut" : "", heard || "(nothing)"));
    }
    box.append(talk);
    if (!chapter.findings.length) return;
    const promises = make("div", "promises"), why = make("p");
    for (const f of chapter.findings) {
      const state = f.held === true ? "held" : f.held === false ? "broken" : "idle";
      const chip = make("button", state, `${f.name} ${f.held === true ? "✓" : f.held === false ? "✗" : "·"}`);
      chip.title = f.why;
      chip.onclick = chip.onfocus = chip.onmouseenter = () => { why.textContent = `${f.name}: ${f.why}`; };
      promises.append(chip);
    }
    const first = chapter.findings.find((f) => f.held === false);
    why.textContent = first ? `${first.name}: ${first.why}` : "Every promise that applies was kept. Point at one to see why.";
    promises.append(why);
    box.append(promises);
  }

  function drawLanes() {
    $("lanes").replaceChildren(...chapter.lanes.map((lane, i) => {
      const button = make("button");
      button.style.setProperty("--c", colour(lane));
      button.append(make("i"), lane);
      button.setAttribute("aria-pressed", "true");
      button.onclick = () => {
        hidden.has(i) ? hidden.delete(i) : hidden.add(i);
        button.setAttribute("aria-pressed", String(!hidden.has(i)));
        filter();
      };
      return button;
    }));
  }

  function drawPlot() {
    const plot = $("plot");
    plot.style.width = `${zoom * 100}%`;
    const lanes = chapter.lanes.map((lane) => {
      const row = make("div", "lane"), name = make("b");
      name.append(make("span", "", lane));
      row.style.setProperty("--c", colour(lane));
      row.append(name);
      return row;
    });
    for (const span of chapter.spans) {
      const bar = make("div", span.broken ? "span broken" : "span");
      bar.title = span.text;
      bar.style.left = percent(span.from);
      bar.style.width = percent(Math.max(span.to - span.from, 0));
      lanes[span.lane].append(bar);
    }
    const size = { say: "big", "cut in": "fault", fault: "fault", error: "big", call: "big", text: "text", frame: "frame" };
    chapter.rows.forEach((row, i) => {
      const dot = make("button", `dot ${size[row.kind] || ""}`);
      dot.style.left = percent(row.x);
      dot.title = `${row.at}  ${row.text}`;
      dot.tabIndex = -1;
      dot.onclick = () => select(i, true);
      row.dot = dot;
      lanes[row.lane].append(dot);
    });
    const spoken = chapter.rows.filter((row) => row.kind === "say");
    spoken.forEach((row, i) => {
      const words = make("div", "words", row.text), next = i + 1 < spoken.length ? spoken[i + 1].x : whole;
      words.style.left = percent(row.x);
      words.style.width = percent(next - row.x);
      lanes[row.lane].append(words);
    });
    const over = make("div"); // the scale lies over the lanes' own width, so it shares their padding
    over.style.cssText = "position:absolute;top:0;bottom:0;left:128px;right:24px;pointer-events:none";
    for (const [x, label] of chapter.ticks) {
      const tick = make("span", "tick", label), rule = make("span", "rule");
      tick.style.left = rule.style.left = percent(x);
      over.append(tick, rule);
    }
    for (const [from, to, text] of chapter.folds) {
      const fold = make("span", "fold", text);
      fold.style.left = percent(from);
      fold.style.width = percent(to - from);
      fold.title = `${text} without any event`;
      over.append(fold);
    }
    plot.replaceChildren(over, ...lanes);
  }

  function drawRows() {
    parts = chapter.rows.map((row, i) => {
      const lane = chapter.lanes[row.lane];
      const line = make("li", `${row.kind.replace(" ", "-")}${lane.startsWith("connection") ? " wire" : ""}`);
      line.style.setProperty("--c", colour(lane));
      line.append(make("time", "", row.at), make("em", "", lane), make("span", "t", row.text));
      line.onclick = (event) => { if (!event.target.closest("pre")) { select(i, false); toggle(i); } };
      return line;
    });
    $("rows").replaceChildren(...parts);
    filter();
  }

  function filter() {
    const wanted = $("search").value.trim().toLowerCase();
    shown = [];
    chapter.rows.forEach((row, i) => {
      const found = !hidden.has(row.lane) && (!wanted || `${row.text} ${row.kind} ${row.detail}`.toLowerCase().includes(wanted));
      parts[i].hidden = !found;
      parts[i].style.display = found ? "" : "none";
      row.dot.classList.toggle("dim", !found);
      light(parts[i].querySelector(".t"), row.text, wanted);
      if (found) shown.push(i);
    });
    const all = chapter.rows.length;
    $("count").textContent = shown.length === all ? `${all} moments` : `${shown.length} of ${all} moments`;
  }

  function light(node, text, wanted) {
    const at = wanted ? text.toLowerCase().indexOf(wanted) : -1;
    if (at < 0) { node.textContent = text; return; }
    node.replaceChildren(text.slice(0, at), make("mark", "", text.slice(at, at + wanted.length)), text.slice(at + wanted.length));
  }

  function select(index, scroll) {
    if (selected >= 0) { parts[selected].classList.remove("on"); chapter.rows[selected].dot.classList.remove("on"); }
    selected = index;
    parts[index].classList.add("on");
    chapter.rows[index].dot.classList.add("on");
    if (scroll) parts[index].scrollIntoView({ block: "nearest" });
  }

  function toggle(index) {
    const line = parts[index], open = line.querySelector("pre");
    if (open) { open.remove(); return; }
    const detail = chapter.rows[index].detail;
    if (!detail) return;
    let text = detail;
    try { text = JSON.stringify(JSON.parse(detail), null, 2); } catch { /* not JSON: shown as it is */ }
    line.append(make("pre", "", text));
  }

  function move(by) {
    if (!shown.length) return;
    const place = shown.indexOf(selected);
    const next = place < 0 ? (by > 0 ? 0 : shown.length - 1) : Math.min(Math.max(place + by, 0), shown.length - 1);
    select(shown[next], true);
  }

  function widen(factor) { zoom = Math.min(Math.max(zoom * factor, 1), 32); $("plot").style.width = `${zoom * 100}%`; }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target === $("search");
    if (event.key === "Escape") { $("search").value = ""; $("search").blur(); filter(); return; }
    if (typing && event.key !== "ArrowDown" && event.key !== "ArrowUp" && event.key !== "Enter") return;
    if (event.target.closest("select")) return;
    const keys = {
      "/": () => $("search").focus(), ArrowDown: () => move(1), ArrowUp: () => move(-1), j: () => move(1), k: () => move(-1),
      PageDown: () => move(15), PageUp: () => move(-15), "+": () => widen(1.5), "=": () => widen(1.5), "-": () => widen(1 / 1.5),
      n: () => turn(1), p: () => turn(-1),
      ...(many && { b: () => { $("broken").checked = !$("broken").checked; list(); }, d: () => { $("sort").value = $("sort").value ? "" : "dead_air"; list(); } }),
    };
    if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
    else if (event.key === "Enter" && selected >= 0 && !event.target.closest("button, a")) { event.preventDefault(); toggle(selected); }
    else if (/^[1-9]$/.test(event.key)) openChapter(listed[Number(event.key) - 1]);
  });
  $("search").addEventListener("input", filter);
  $("in").onclick = () => widen(1.5);
  $("out").onclick = () => widen(1 / 1.5);
  document.querySelector("h1").textContent = document.title;
  document.body.classList.toggle("many", many);
  links = data.chapters.map(drawLink);
  if (many) drawFilters();
  list();
  window.addEventListener("hashchange", () => openChapter(named()));
  const wanted = named(), first = data.chapters.findIndex(isBroken);
  openChapter(wanted >= 0 ? wanted : Math.max(first, 0));
})();
