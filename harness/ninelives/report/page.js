"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const colours = { user: "--user", bot: "--bot", played: "--played", tool: "--tool", error: "--error", fault: "--fault" };
  const colour = (lane) => `var(${colours[lane] || "--wire"})`;
  for (const c of data.chapters) {
    c.rows = c.rows.map(([x, at, lane, kind, text, n]) => ({ x, at, lane, kind, text, detail: data.details[n] }));
  }
  let chapter = null, selected = -1, zoom = 1, hidden = new Set(), shown = [], parts = [];

  // Everything that was said comes in as text, never as markup.
  const make = (tag, cls, text) => {
    const node = document.createElement(tag);
    if (cls) node.className = cls;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const verdict = (c) => {
    const broken = c.findings.filter((f) => f.held === false);
    if (broken.length === 1 && broken[0].name === "I10") return "late";
    return broken.length ? "bad" : c.findings.length ? "good" : "none";
  };
  const percent = (x) => `${(x * 100).toFixed(3)}%`;

  function openChapter(index) {
    if (!data.chapters[index]) return;
    chapter = data.chapters[index];
    selected = -1; hidden = new Set();
    [...$("chapters").children].forEach((tab, i) => tab.setAttribute("aria-selected", i === index));
    drawStory(); drawLanes(); drawPlot(); drawRows();
    history.replaceState(null, "", `#${index + 1}`);
  }

  function drawStory() {
    const box = $("story");
    box.replaceChildren(make("p", "", chapter.sentence));
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
    plot.style.width = percent(zoom);
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
      const words = make("div", "words", row.text), next = i + 1 < spoken.length ? spoken[i + 1].x : 1;
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
      fold.title = `${text} in which nothing happened`;
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

  function widen(factor) { zoom = Math.min(Math.max(zoom * factor, 1), 32); $("plot").style.width = percent(zoom); }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target === $("search");
    if (event.key === "Escape") { $("search").value = ""; $("search").blur(); filter(); return; }
    if (typing && event.key !== "ArrowDown" && event.key !== "ArrowUp" && event.key !== "Enter") return;
    const keys = {
      "/": () => $("search").focus(), ArrowDown: () => move(1), ArrowUp: () => move(-1), j: () => move(1), k: () => move(-1),
      PageDown: () => move(15), PageUp: () => move(-15), "+": () => widen(1.5), "=": () => widen(1.5), "-": () => widen(1 / 1.5),
    };
    if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
    else if (event.key === "Enter" && selected >= 0 && !event.target.closest("button")) { event.preventDefault(); toggle(selected); }
    else if (/^[1-9]$/.test(event.key)) openChapter(Number(event.key) - 1);
  });
  $("search").addEventListener("input", filter);
  $("in").onclick = () => widen(1.5);
  $("out").onclick = () => widen(1 / 1.5);
  document.querySelector("h1").textContent = document.title;
  $("chapters").replaceChildren(...data.chapters.map((c, i) => {
    const tab = make("button");
    tab.setAttribute("role", "tab");
    tab.append(make("i", verdict(c)), c.title);
    tab.onclick = () => openChapter(i);
    return tab;
  }));
  $("chapters").classList.toggle("many", data.chapters.length > 8);
  openChapter(Math.max(0, (parseInt(location.hash.slice(1), 10) || 1) - 1));
})();
