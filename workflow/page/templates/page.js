"use strict";
// The page's controls and plots. All numbers come from the data that workflow/page put into this file; nothing is computed here
// but the sign of a difference.
const $ = (id) => document.getElementById(id);
const MAIN = ["marvel", "warm_start", "from_scratch", "jsrl", "pex", "so2", "offline_only"];
const TITLES = { train_return: "return", train_cost: "cost", eval_return: "return (evaluation)", eval_cost: "cost (evaluation)",
  multiplier: "multiplier", reward_q: "reward critics' target", cost_q: "cost critic's target", cumulative_cost: "cumulative cost" };
const dark = window.matchMedia("(prefers-color-scheme: dark)");
let data = null;
const DECADES = 5; // of a logarithmic axis; what is lower, 0 included, is drawn on its lower edge
const DECADES_FROM = 1e-3; // the least upper end of such an axis
let printing = false;
let chosen = new Set();

async function unpack(id) {
  const letters = atob($(id).textContent);
  const bytes = new Uint8Array(letters.length);
  for (let place = 0; place < letters.length; place++) bytes[place] = letters.charCodeAt(place);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

// --- numbers and words

function text(value, signed = false) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 || size === 0 ? 2 : 3;
  return (signed && value > 0 ? "+" : "") + value.toFixed(digits);
}
const range = (low, high, signed = false) => (low === null ? "" : `[${text(low, signed)}, ${text(high, signed)}]`);
const escaped = (words) => String(words).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
const badge = (verdict) => `<span class="badge ${verdict.replace(" ", "-")}">${escaped(verdict)}</span>`;
const task = () => $("task").value;
const named = (method) => data.labels[method] || method;
const pValue = (p) => (p === null ? "–" : p < 0.001 ? "< 0.001" : p.toFixed(3));

// --- the comparison of two methods

function difference(first, second, metric, on = task()) {
  const there = data.pairs[on][`${first} ${second}`];
  if (there) return there[metric] || null;
  const back = (data.pairs[on][`${second} ${first}`] || {})[metric];
  const minus = (value) => (value === null ? null : -value || 0);
  return back ? [back[0], minus(back[1]), minus(back[3]), minus(back[2]), back[4]] : null;
}

function sentence(first, second, found) {
  if (!found) return missing(first, second);
  const [n, mean, low, high, p] = found;
  const means = mean === 0 ? "On average there is no difference"
    : `On average the feasible return of ${named(first)} is ${text(Math.abs(mean))} ${mean > 0 ? "higher" : "lower"} (DSRL's units, 0 to 1)`;
  const seeds = `n = ${n} paired seed${n === 1 ? "" : "s"}`;
  if (low === null) return ["Cannot tell: one seed says nothing of chance.", `${means}; ${seeds}.`];
  const interval = `95 % t interval ${range(low, high, true)}, ${seeds}, p = ${pValue(p)}`;
  const clear = low > 0 || high < 0;
  const shared = [first, second].map((method) => (data.shared[task()] || {})[method]).filter((seed) => seed !== undefined);
  const caveat = shared.length ? ` The seeds start from one offline model (offline seed ${shared[0]}), so the interval leaves out how much offline training varies; the claims need seed s from offline seed s.` : "";
  if (n < data.minimum_seeds) {
    const sure = clear ? "The interval leaves out 0, but so few seeds cannot show how far to trust it" : "The interval contains 0, so even the sign is open";
    return [`Not decided yet: ${n} seeds are too few (the benchmark's rules ask for ${data.minimum_seeds}).`, `${means}; ${interval}. ${sure}.${caveat}`];
  }
  if (!clear) return ["Cannot tell: the interval of the difference contains 0.", `${means}; ${interval}.${caveat}`];
  if (caveat) return ["Not decided: the seeds share an offline model.", `${means}; ${interval}.${caveat}`];
  return [mean > 0 ? `Yes, ${named(first)} ends ahead of ${named(second)}.` : `No, ${named(first)} ends behind ${named(second)}.`, `${means}; ${interval}.`];
}

function costs(first, second) { // what a return is paid with
  const [ends, over] = ["train_cost", "violation_rate"].map((metric) => difference(first, second, metric));
  if (!ends || !over) return "";
  const share = (method) => `${Math.round(data.levels[task()][method].violations.mean)} % of ${named(method)}'s`;
  const more = ends[1] === 0 ? "no other" : `${text(Math.abs(ends[1]))} ${ends[1] > 0 ? "higher" : "lower"}`;
  return `${named(first)}'s mean cost at the end is ${more}${ends[2] === null || ends[1] === 0 ? "" : ` ${range(ends[2], ends[3], true)}`}; ${share(first)} and ${share(second)} training episodes are over the limit.`;
}

function missing(first, second) { // why there is no number of a pair
  const there = [first, second].map((method) => Object.keys(data.seeds[task()][method] || {}).length);
  const planned = [first, second].map((method) => (data.planned[task()] || {})[method] || 0);
  const counted = [first, second].map((method, side) => planned[side]
    ? `${there[side]} of ${planned[side]} planned runs of ${named(method)}` : `no run of ${named(method)}, which this study does not plan on this task`);
  if (there.every((count) => count > 0)) return ["These two cannot be compared.", "They share no seed with a number on this task, or ran under different limits."];
  const first_words = planned.every((count) => count > 0) ? `Not known yet: the runs on ${task()} are not all made.` : `Not known: this study does not compare these two on ${task()}.`;
  const tasks = Object.keys(data.tasks).filter((name) => difference(first, second, "feasible_return_normalized", name));
  const elsewhere = tasks.length ? ` Runs of both are there on ${tasks.join(", ")}; choose the task above.` : "";
  return [first_words, `There are ${counted.join(" and ")} on ${task()}.${elsewhere}`];
}

function answer() {
  const [first, second] = [$("first").value, $("second").value];
  const found = first === second ? null : difference(first, second, "feasible_return_normalized");
  const [verdict, why] = first === second ? ["Choose two methods.", ""] : sentence(first, second, found);
  const safety = first === second ? "" : costs(first, second);
  const claims = [...(data.claims[task()][`${first} ${second}`] || []), ...(data.claims[task()][`${second} ${first}`] || [])];
  const asked = claims.map(([name, title, form, result]) =>
    `<li>${name}, “${escaped(title)}”${form === "official" ? " (published form)" : ""}, on ${escaped(task())}: ${badge(result)} <a href="#${name}">evidence</a></li>`);
  $("answer").innerHTML = `<p class="verdict">${escaped(verdict)}</p><p>${escaped(why)}</p>` + (safety ? `<p>${escaped(safety)}</p>` : "") +
    (asked.length ? `<p>Claims of the paper that rest on this comparison:</p><ul>${asked.join("")}</ul>` : "");
  const names = { feasible_return_normalized: "normalized", train_return: "return", train_cost: "cost", violation_rate: "violations" };
  const [left, right] = [first, second].map((method) => data.levels[task()][method] || {});
  const level = (row, key) => (row[key] ? `<b>${row[key].text}</b> <span class="range">${row[key].range}</span>` : "–");
  const rows = Object.entries(data.metrics_of_pairs).map(([metric, words]) => {
    const ends = first === second ? null : difference(first, second, metric);
    const scale = metric === "violation_rate" ? 100 : 1;
    const [n, mean, low, high, p] = ends || [null, null, null, null, null];
    const scaled = [mean, low, high].map((value) => (value === null ? null : value * scale));
    return `<tr><th scope="row">${escaped(words)}${scale > 1 ? ", %" : ""}</th><td><b>${text(scaled[0], true)}</b> <span class="range">${range(scaled[1], scaled[2], true)}</span></td>` +
      `<td>${level(left, names[metric])}</td><td>${level(right, names[metric])}</td><td>${pValue(p)}</td><td>${n ?? "–"}</td></tr>`;
  });
  const feasible = (row) => (row.n ? `${row.feasible_seeds} of ${row.n}` : "–");
  rows.push(`<tr><th scope="row">runs that end within the limit</th><td>–</td><td>${feasible(left)}</td><td>${feasible(right)}</td><td>–</td><td>–</td></tr>`);
  $("answer-table").innerHTML = `<table><thead><tr><th scope="col"></th><th scope="col">difference [95 % t interval]</th>` +
    `<th scope="col">${escaped(named(first))}</th><th scope="col">${escaped(named(second))}</th><th scope="col">p</th><th scope="col">n</th></tr></thead><tbody>${rows.join("")}</tbody></table>`;
  const [mine, theirs] = [first, second].map((method) => data.seeds[task()][method] || {});
  const seeds = [...new Set([...Object.keys(mine), ...Object.keys(theirs)])].sort((a, b) => a - b);
  const cells = (row) => (row ? `<td>${text(row[0])}</td><td>${text(row[1])}</td><td>${row[4] === 1 ? "yes" : row[4] === 0 ? "no" : "–"}</td>` : "<td>–</td><td>–</td><td>–</td>");
  $("answer-seeds").innerHTML = `<table><thead><tr><th scope="col">seed</th>` +
    [first, second].map((name) => ["return", "cost", "within the limit"].map((words) => `<th scope="col">${escaped(named(name))}: ${words}</th>`).join("")).join("") +
    `</tr></thead><tbody>${seeds.map((seed) => `<tr><th scope="row">${seed}</th>${cells(mine[seed])}${cells(theirs[seed])}</tr>`).join("")}</tbody></table>`;
}

function fillPair() {
  const known = Object.keys(data.labels); // those without runs on this task, too: the answer then says so
  for (const [id, wanted] of [["first", "marvel"], ["second", "warm_start"]]) {
    const before = $(id).value || wanted;
    $(id).innerHTML = known.map((name) => `<option value="${escaped(name)}">${escaped(named(name))}</option>`).join("");
    $(id).value = known.includes(before) ? before : id === "first" ? known[0] : known.find((name) => name !== $("first").value) || known[0];
  }
}

// --- plots

const show = () => ({ dark: dark.matches && !printing, narrow: window.innerWidth < 700 || printing });

function shade(color, opacity = 1) { // the figures' colours, lighter where paper is dark
  let parts = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  const light = (0.299 * parts[0] + 0.587 * parts[1] + 0.114 * parts[2]) / 255;
  if (show().dark && light < 0.55) parts = parts.map((part) => Math.round(part + (255 - part) * (0.62 - light)));
  return `rgba(${parts.join(",")},${opacity})`;
}

function layout(more) {
  const { dark: night, narrow } = show();
  const ink = night ? "#e8eaed" : "#1b1f24";
  const grid = { gridcolor: night ? "#39414a" : "#e3e6ea", zerolinecolor: night ? "#59636e" : "#b9c0c8", automargin: true };
  const legend = narrow ? { orientation: "h", y: -0.2, yanchor: "top", x: 0 } : { x: 1.01, y: 1 };
  const base = { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: ink, size: 12, family: "system-ui, sans-serif" },
    margin: { l: 58, r: narrow ? 8 : 20, t: 34, b: 48 }, hovermode: "closest", legend: { ...legend, itemdoubleclick: "toggleothers" },
    hoverlabel: { namelength: -1 }, ...(printing ? { width: 700 } : {}) };
  for (const key of Object.keys(more)) if (/^[xy]axis/.test(key)) more[key] = { ...grid, ...more[key] };
  return { ...base, ...more };
}
const config = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] };
const limitLine = (more) => ({ type: "line", layer: "above", line: { color: show().dark ? "#ffffff" : "#000000", width: 1.4, dash: "dash" }, ...more });

function spread([first, last], points) {
  return Array.from({ length: points }, (_, place) => (points === 1 ? first : first + ((last - first) * place) / (points - 1)));
}

function traces(method, metric, axis, panel, full, floor) {
  const found = (data.curves[task()][method] || {})[metric];
  if (!found || !(axis in found.of)) return [];
  const line = found.lines[found.of[axis]];
  const look = data.looks[method];
  const points = line.mean.length;
  const constant = found.axes[axis] === null;
  const x = constant ? full : spread(found.axes[axis], points);
  const stretch = (values) => (constant ? [values[0], values[0]] : values);
  const drawn = (values) => (floor === null ? values : values.map((value) => (value === null || value > floor ? value : floor)));
  const [mean, low, high] = [line.mean, line.low, line.high].map(stretch);
  const group = { legendgroup: method, xaxis: "x", yaxis: panel ? `y${panel + 1}` : "y" };
  const made = [];
  if ($("bands").checked && low[0] !== null) {
    made.push({ ...group, x: [...x, ...[...x].reverse()], y: drawn([...high, ...[...low].reverse()]), fill: "toself", mode: "lines",
      fillcolor: shade(look.color, 0.16), line: { width: 0 }, hoverinfo: "skip", showlegend: false, name: named(method) });
  }
  if ($("per-seed").checked) {
    line.seeds.forEach((values, place) => made.push({ ...group, x, y: drawn(stretch(values)), mode: "lines", showlegend: false, name: named(method),
      line: { color: shade(look.color, 0.5), width: 0.9 }, hovertemplate: `${named(method)}, seed ${found.seeds[place]}: %{y:.4~g}<extra></extra>` }));
  }
  const about = x.map((_, place) => `${text(mean[place])} ${range(low[place], high[place]) || "no interval"}, n = ${found.n}`);
  made.push({ ...group, x, y: drawn(mean), customdata: about, mode: "lines", name: constant ? `${named(method)} (evaluated)` : named(method), showlegend: panel === 0,
    line: { color: shade(look.color), width: 2.2, dash: look.dash },
    hovertemplate: `<b>${named(method)}</b><br>${TITLES[metric]} %{customdata}<br>${data.axes[axis]} %{x:,.4~s}<extra></extra>` });
  return made;
}

function furthest(metric, axis) {
  const ends = [...chosen].map((method) => ((data.curves[task()][method] || {})[metric] || { axes: {} }).axes[axis]).filter(Boolean);
  return ends.length ? [Math.min(...ends.map((end) => end[0])), Math.max(...ends.map((end) => end[1]))] : [0, 1];
}

function highest(metric, axis) {
  return [...chosen].flatMap((method) => {
    const found = (data.curves[task()][method] || {})[metric];
    if (!found || !(axis in found.of)) return [];
    const line = found.lines[found.of[axis]];
    return [...line.high, ...line.mean, ...($("per-seed").checked ? line.seeds.flat() : [])].filter((value) => value > 0);
  });
}

function drawPanels(id, metrics, axis, logarithmic) {
  const made = [];
  const shapes = [];
  const shape = { xaxis: { title: { text: data.axes[axis] }, anchor: metrics.length > 1 ? "y2" : "y" } };
  metrics.forEach((metric, panel) => {
    const full = furthest(metric, axis);
    const log = logarithmic(metric);
    const top = log ? Math.max(...highest(metric, axis), DECADES_FROM) : 0;
    const floor = log ? top / 10 ** DECADES : null;
    for (const method of Object.keys(data.looks)) if (chosen.has(method)) made.push(...traces(method, metric, axis, panel, full, floor));
    shape[panel ? "yaxis2" : "yaxis"] = { title: { text: TITLES[metric] }, type: log ? "log" : "linear",
      domain: metrics.length === 1 ? [0, 1] : panel ? [0, 0.46] : [0.54, 1], ...(log ? { exponentformat: "power", dtick: 1, range: [Math.log10(floor), Math.log10(top) + 0.1] } : {}) };
    if (metric === "train_cost" || metric === "eval_cost") {
      const limit = data.tasks[task()].limit;
      shapes.push(limitLine({ xref: "paper", x0: 0, x1: 1, yref: panel ? "y2" : "y", y0: limit, y1: limit,
        label: { text: `limit ${limit}`, textposition: "end", yanchor: "bottom", font: { size: 11 } } }));
    }
  });
  const annotations = made.length ? [] : [{ text: "These methods have no such numbers.", showarrow: false, xref: "paper", yref: "paper", x: 0.5, y: 0.5 }];
  const height = (metrics.length > 1 ? 560 : 400) + (show().narrow ? 26 * Math.ceil(chosen.size / 2) : 0);
  return Plotly.react(id, made, layout({ ...shape, shapes, annotations, height }), config);
}

function drawCurves() {
  const axis = $("axis").value;
  const metrics = $("metric").value.split(",").filter((metric) => metric !== axis);
  $("plot-curves").setAttribute("aria-label", `${metrics.map((metric) => TITLES[metric]).join(" and ")} against ${data.axes[axis]} on ${task()}: ${[...chosen].map(named).join(", ")}`);
  drawPanels("plot-curves", metrics, axis, (metric) => metric === "multiplier" || (metric.endsWith("_cost") && $("log-cost").checked));
  drawPanels("plot-multipliers", ["multiplier"], axis, () => true);
}

function drawTradeoff() {
  const bars = (ends, color) => (ends[1] === null ? {} : { type: "data", symmetric: false, array: [ends[2] - ends[0]], arrayminus: [ends[0] - ends[1]], color, thickness: 1.2, width: 3 });
  const made = data.points[task()].filter((point) => chosen.has(point.method)).map((point) => {
    const look = data.looks[point.method];
    const color = shade(look.color);
    const symbol = look.symbol + (point.feasible === "all" ? "" : "-open");
    return { x: [point.cost[0]], y: [point.return[0]], mode: "markers", cliponaxis: false, name: named(point.method), marker: { color, symbol, size: 11, line: { width: 2, color } },
      error_x: bars(point.cost, shade(look.color, 0.55)), error_y: bars(point.return, shade(look.color, 0.55)),
      hovertemplate: `<b>${named(point.method)}</b>${point.evaluated ? " (evaluated)" : ""}<br>return ${text(point.return[0])} ${range(point.return[1], point.return[2])}<br>` +
        `cost ${text(point.cost[0])} ${range(point.cost[1], point.cost[2])}<br>n = ${point.n}<extra></extra>` };
  });
  const limit = data.tasks[task()].limit;
  const shapes = [limitLine({ yref: "paper", y0: 0, y1: 1, x0: limit, x1: limit, label: { text: `limit ${limit}`, textposition: "end", xanchor: "left", textangle: 0, font: { size: 11 } } })];
  const end = 1.2 * Math.max(limit, ...made.map((trace) => trace.x[0] + (trace.error_x.array ? trace.error_x.array[0] : 0))); // room for the words beside the limit
  const height = Math.max(460, 120 + 19 * made.length);
  Plotly.react("plot-tradeoff", made, layout({ shapes, height, xaxis: { title: { text: "cost per episode" }, range: [-0.02 * end, end] }, yaxis: { title: { text: "return per episode" } } }), config);
}

function drawSteps() {
  for (const place of document.querySelectorAll("[data-steps]")) {
    const chain = data.steps[place.dataset.steps];
    if (chain.task !== task() && !printing) continue;
    const names = chain.rows.map((row) => named(row.method));
    const made = Object.keys(chain.metrics).map((metric, panel) => {
      const levels = chain.rows.map((row) => row[metric].level);
      const clear = chain.rows.map((row) => Boolean(row[metric].change && row[metric].change.clear));
      const color = shade(panel ? "#D55E00" : "#0072B2");
      return { x: levels.map((level) => level[0]), y: names, xaxis: panel ? "x2" : "x", mode: "markers", showlegend: false,
        marker: { size: 10, color, symbol: clear.map((yes) => (yes ? "diamond" : "circle-open")), line: { width: 1.6, color } },
        error_x: { type: "data", symmetric: false, array: levels.map((level) => (level[2] === null ? 0 : level[2] - level[0])),
          arrayminus: levels.map((level) => (level[1] === null ? 0 : level[0] - level[1])), color },
        customdata: levels.map((level, row) => `${range(level[1], level[2])}, n = ${chain.rows[row].n}`),
        hovertemplate: `<b>%{y}</b><br>${chain.metrics[metric]} %{x:.4~g} %{customdata}<extra></extra>` };
    });
    const limit = data.tasks[chain.task].limit;
    const shapes = [limitLine({ xref: "x2", x0: limit, x1: limit, yref: "paper", y0: 0, y1: 1 })];
    Plotly.react(place, made, layout({ shapes, height: 120 + 26 * names.length, xaxis: { title: { text: "return" }, domain: [0, 0.48] },
      xaxis2: { title: { text: "cost" }, domain: [0.52, 1], anchor: "y" }, yaxis: { autorange: "reversed", type: "category" } }), config);
  }
}

function drawChosen() {
  if (!window.Plotly) return;
  drawCurves();
  drawTradeoff();
}

function drawAll() {
  if (!window.Plotly) return;
  drawChosen();
  drawSteps();
}

// --- controls

function fillMethods() {
  const there = Object.keys(data.looks).filter((name) => name in data.levels[task()]);
  const kept = there.filter((name) => chosen.has(name));
  const main = there.filter((name) => MAIN.includes(name) || named(name) === name); // with those that are new to the project
  chosen = new Set(kept.length ? kept : main.length ? main : there.slice(0, 6));
  const box = $("methods");
  for (const label of [...box.querySelectorAll("label")]) label.remove();
  for (const name of there) {
    const label = document.createElement("label");
    label.innerHTML = `<input type="checkbox" value="${escaped(name)}"><span class="chip" style="background:${shade(data.looks[name].color)}"></span>${escaped(named(name))}`;
    label.firstChild.checked = chosen.has(name);
    box.append(label);
  }
}

function changeTask() {
  for (const part of document.querySelectorAll("[data-task]")) part.hidden = part.dataset.task !== task();
  for (const part of document.querySelectorAll(".of-task")) part.textContent = task();
  if (!data) return;
  for (const part of document.querySelectorAll(".of-limit")) part.textContent = data.tasks[task()].limit;
  fillPair();
  fillMethods();
  answer();
  drawAll();
}

function sortBy(heading) {
  const table = heading.closest("table");
  const column = [...heading.parentNode.children].indexOf(heading);
  const descending = heading.getAttribute("aria-sort") === "ascending" || (column > 0 && heading.getAttribute("aria-sort") !== "descending");
  for (const other of heading.parentNode.children) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
  const value = (row) => row.children[column].dataset.value;
  const rows = [...table.tBodies[0].rows].sort((a, b) => {
    const [left, right] = [value(a), value(b)];
    if (left === "" || right === "") return (left === "") - (right === ""); // empty cells last, either way
    const order = column ? Number(left) - Number(right) : left.localeCompare(right);
    return descending ? -order : order;
  });
  table.tBodies[0].append(...rows);
}

function openTarget() { // a link to a claim opens it
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
}

for (const heading of document.querySelectorAll(".sortable thead th")) heading.querySelector("button").addEventListener("click", () => sortBy(heading));
$("task").addEventListener("change", changeTask);
window.addEventListener("hashchange", openTarget);
changeTask();
openTarget();

async function start() {
  if (!window.DecompressionStream) {
    $("answer").innerHTML = "<p class='alarm'>The plots and this comparison need a browser of 2023 or later; the tables below are complete.</p>";
    return;
  }
  data = JSON.parse(await unpack("packed-data"));
  const asked = new URLSearchParams(location.search); // ?task=BallCircle&first=marvel&second=pex
  $("task").value = [asked.get("task"), ...Object.keys(data.tasks)].find((name) => name in data.tasks);
  changeTask();
  for (const id of ["first", "second"]) if ([...$(id).options].some((option) => option.value === asked.get(id))) $(id).value = asked.get(id);
  answer();
  for (const id of ["first", "second"]) $(id).addEventListener("change", answer);
  for (const id of ["metric", "axis", "bands", "per-seed", "log-cost"]) $(id).addEventListener("change", () => window.Plotly && drawCurves());
  $("methods").addEventListener("change", (event) => {
    chosen[event.target.checked ? "add" : "delete"](event.target.value);
    drawChosen();
  });
  $("methods").addEventListener("click", (event) => {
    const choice = event.target.dataset.choose;
    if (!choice) return;
    for (const box of $("methods").querySelectorAll("input")) {
      box.checked = choice === "all" || (choice === "main" && MAIN.includes(box.value));
      chosen[box.checked ? "add" : "delete"](box.value);
    }
    drawChosen();
  });
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done))); // the tables are painted first
  const script = document.createElement("script");
  Object.assign(data, JSON.parse(await unpack("packed-curves")));
  script.textContent = await unpack("packed-library");
  document.head.append(script);
  drawAll();
  dark.addEventListener("change", () => { fillMethods(); drawAll(); });
  const closed = [];
  window.addEventListener("beforeprint", () => {
    printing = true;
    closed.push(...document.querySelectorAll("details.claim:not([open])"));
    for (const claim of closed) claim.open = true;
    drawAll();
  });
  window.addEventListener("afterprint", () => {
    printing = false;
    for (const claim of closed.splice(0)) claim.open = false;
    drawAll();
  });
  document.documentElement.dataset.ready = "yes";
}
start();
