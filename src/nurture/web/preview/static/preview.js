/* preview.js: shows one message for one person, and shows it anew when a file was saved. Asks this machine only. */
"use strict";

const WIDTHS = {desktop: 700, phone: 375};
const CHOICES = {view: ["html", "text", "source"], width: ["desktop", "phone"], scheme: ["light", "dark"]};
const NARROW = window.matchMedia("(max-width: 1180px)");
const $ = (id) => document.getElementById(id);
const state = read();
let messages = [], shown = null, people = new Map(), changed = 0, turn = 0;

function read() {
  const given = new URLSearchParams(location.search);
  const found = {template: given.get("template") || "", for: given.get("for") || "", locale: given.get("locale")};
  for (const [name, values] of Object.entries(CHOICES))
    found[name] = values.includes(given.get(name)) ? given.get(name) : values[0];
  if (!given.has("width") && window.innerWidth <= 700) found.width = "phone";
  return found;
}

function address(path, extra) {
  const query = new URLSearchParams({template: state.template, for: state.for, ...extra});
  if (state.locale !== null) query.set("locale", state.locale);
  return path + "?" + query;
}

function remember(again) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(state))
    if (value !== null && value !== "" && (name === "width" || value !== (CHOICES[name] || [])[0])) query.set(name, value);
  if (state.locale === "") query.set("locale", "");
  history[again ? "pushState" : "replaceState"](null, "", "/?" + query);
}

function make(tag, words, name) {
  const it = document.createElement(tag);
  if (words !== undefined) it.textContent = words;
  if (name) it.className = name;
  return it;
}

async function ask(url) {
  const answer = await fetch(url);
  const told = await answer.json();
  if (!answer.ok) throw new Error([told.message, told.remedy].filter(Boolean).join(" "));
  return told;
}

function say(words, kind) {
  $("live").textContent = words;
  $("live").className = "live " + kind;
}

// The list of messages

async function list() {
  messages = await ask("/messages");
  if (!messages.some((it) => it.name === state.template) && !state.template && messages.length)
    state.template = messages[0].name;
  draw_list();
}

function draw_list() {
  const wanted = $("filter").value.trim().toLowerCase();
  const fits = (it) => [it.name, it.campaign, it.stage].join(" ").toLowerCase().includes(wanted);
  const shelf = $("list"), choose = $("choose"), groups = new Map();
  shelf.replaceChildren();
  choose.replaceChildren();
  for (const it of messages) {
    const name = it.stage || (it.campaign ? "everybody" : "sent by no campaign");
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(it);
  }
  for (const [name, all] of groups) {
    const options = make("optgroup");
    options.label = name;
    for (const it of all) options.append(new Option(it.name, it.name, false, it.name === state.template));
    choose.append(options);
    const found = all.filter(fits);
    if (!found.length) continue;
    shelf.append(make("h2", name), ...found.map(entry));
  }
  if (!shelf.firstChild)
    shelf.append(make("p", messages.length ? "No message is called so." : "There is no message yet: write templates/email/welcome.md", "none"));
}

function entry(it) {
  const button = make("button");
  button.append(make("span", it.name));
  button.type = "button";
  button.title = it.campaign ? "sent by " + it.campaign : "no campaign sends it";
  if (it.name === state.template) button.setAttribute("aria-current", "true");
  if (it.errors || it.warnings) {
    const dot = make("span", undefined, it.errors ? "dot error" : "dot");
    dot.setAttribute("role", "img");
    dot.setAttribute("aria-label", it.errors ? "with mistakes" : "with warnings");
    button.append(dot);
  }
  button.addEventListener("click", () => open_message(it.name));
  return button;
}

function open_message(name) {
  state.template = name;
  state.locale = null;
  remember(true);
  draw_list();
  show(true);
}

// One message

async function show(fresh) {
  const mine = ++turn;
  if (!state.template) return;
  try {
    const told = await ask(address("/message"));
    if (mine !== turn) return;
    shown = told;
    draw(fresh);
  } catch (error) {
    if (mine === turn) fail(error.message);
  }
}

function draw(fresh) {
  document.title = state.template + " · Preview";
  $("title").textContent = state.template;
  const locales = shown.locales;
  $("tongue").hidden = locales.length < 2;
  $("locale").replaceChildren(...locales.map((it) => new Option(it || "for everybody", it, false, it === shown.locale)));
  draw_findings();
  draw_about();
  draw_view(fresh);
}

function draw_view(fresh) {
  const seen = shown.seen, view = $("view");
  document.querySelectorAll(".looks").forEach((it) => { it.disabled = !seen || state.view !== "html"; });
  $("row").hidden = !seen;
  $("findings-card").hidden = !seen;
  $("weight").parentElement.hidden = !seen;
  $("row").className = "row " + state.width;
  if (!seen) return broken();
  $("from").textContent = seen.from;
  $("sender-face").textContent = initial(seen.from);
  $("subject").textContent = seen.subject;
  $("snippet").textContent = seen.snippet;
  if (state.view === "html") return frame(fresh);
  view.className = "view sheet";
  view.style.height = "";
  view.replaceChildren(make("pre", state.view === "text" ? seen.text : seen.source));
}

function broken() {
  $("view").style.height = "";
  const view = $("view"), box = make("div", undefined, "broken");
  box.append(make("h2", "This message cannot be put together"));
  box.append(make("p", "It is shown here as soon as the file is mended and saved."));
  box.append(...shown.findings.map(finding));
  view.className = "view sheet";
  view.replaceChildren(box);
}

function fail(words) {
  const box = make("div", undefined, "broken");
  box.append(make("h2", "This cannot be shown"), make("p", words));
  $("view").className = "view sheet";
  $("view").style.height = "";
  $("row").hidden = true;
  $("view").replaceChildren(box);
}

// The message's own page. What was there stays until the new one is ready, and keeps the place scrolled to.
function frame(fresh) {
  const view = $("view"), old = view.querySelector("iframe:not(.coming)"), next = make("iframe", undefined, "coming");
  view.querySelectorAll(".coming").forEach((it) => it.remove());
  view.className = "view";
  for (const it of [...view.children]) if (it !== old) it.remove();
  next.title = "The message";
  next.setAttribute("sandbox", "allow-same-origin allow-popups allow-popups-to-escape-sandbox");
  next.referrerPolicy = "no-referrer";
  next.addEventListener("load", () => {
    if (!next.isConnected || next.contentWindow.location.href === "about:blank") return;
    if (old && !fresh) next.contentWindow.scrollTo(0, old.contentWindow.scrollY);
    next.classList.remove("coming");
    if (old) old.remove();
    fit();
  });
  next.src = address("/frame", {dark: state.scheme === "dark" ? "yes" : "no", turn: String(changed)});
  view.append(next);
  fit();
}

function fit() {
  const view = $("view"), wide = WIDTHS[state.width], scale = Math.min(1, view.clientWidth / wide);
  const now = view.querySelector("iframe:not(.coming)");
  // Beside nothing else the message has all the height it wants, so that nothing scrolls within what scrolls.
  if (now && NARROW.matches) {
    now.style.height = "0";
    view.style.height = Math.ceil(now.contentDocument.documentElement.scrollHeight * scale) + "px";
  } else view.style.height = "";
  for (const it of view.querySelectorAll("iframe")) {
    it.style.width = wide + "px";
    it.style.height = view.clientHeight / scale + "px";
    it.style.transform = "scale(" + scale + ")";
    it.style.left = Math.max(0, (view.clientWidth - wide * scale) / 2) + "px";
  }
}

// Beside it

function draw_findings() {
  const box = $("findings"), all = shown.findings, rest = shown.elsewhere;
  $("count").textContent = all.length ? String(all.length) : "";
  box.replaceChildren(...all.map(finding));
  if (shown.trouble) return box.append(make("p", "The files could not be checked: " + shown.trouble, "fine"));
  if (!all.length && shown.checked) box.append(make("p", "Nothing is wrong with this message.", "fine good"));
  if (!all.length && !shown.checked) box.append(make("p", "Checking …", "fine"));
  if (rest && shown.seen)
    box.append(make("p", rest + (rest === 1 ? " more is" : " more are") + " in other files: nurture check", all.length ? "finding hint fine" : "fine"));
}

function finding(it) {
  const box = make("div", undefined, "finding " + it.severity);
  const place = it.line ? it.path + ":" + it.line + ":" + it.column : it.path;
  box.append(make("p", place.replace("templates/email/", ""), "at"), make("p", it.message));
  if (it.before || it.marked || it.after) {
    const line = make("pre");
    line.append(it.before.trimStart(), make("mark", it.marked), it.after);
    box.append(line);
  }
  if (it.hint) box.append(make("p", it.hint, "hint"));
  return box;
}

function draw_about() {
  const seen = shown.seen, about = $("about"), gauge = $("gauge");
  about.replaceChildren();
  gauge.style.width = "0";
  $("weight").textContent = "";
  if (seen) {
    const part = seen.size / seen.limit;
    gauge.style.width = Math.min(100, 100 * part) + "%";
    gauge.className = part > 1 ? "over" : part > 0.8 ? "much" : "";
    $("weight").textContent = kilobytes(seen.size) + " of the 102 KB that Gmail shows" + (part > 1 ? ": it is cut off" : "");
    for (const [word, says, also] of [
      ["From", seen.from, seen.from_email], ["To", seen.to || seen.to_email, seen.to && seen.to_email], ["Subject", seen.subject],
      ["Preview", seen.preview || "none: the inbox shows the first words"], ["Campaign", seen.campaign || "none sends it"],
      ["Stage", seen.stage], ["Offer", seen.offer], ["Links", String(seen.links)],
      ["Dark", seen.dark ? "has styles of its own" : "has no styles for it"],
      ["Styles", seen.inline_each ? "put in for each person: " + seen.inline_each : ""],
    ]) if (says) {
      const told = make("dd", says);
      if (also) told.append(make("small", also));
      about.append(make("dt", word), told);
    }
  }
  const files = make("dd");
  files.append(...shown.files.filter((it) => it !== "nurture.toml").flatMap((it) => [make("code", it.replace("templates/email/", "")), make("br")]));
  about.append(make("dt", "Files"), files);
}

function kilobytes(bytes) { return (bytes / 1024).toFixed(1) + " KB"; }
function initial(name) { return (name.match(/[\p{L}\p{N}]/u) || ["?"])[0].toUpperCase(); }

// For whom

async function find_people() {
  const text = $("search").value, found = await ask("/people?q=" + encodeURIComponent(text));
  if (text !== $("search").value) return;
  const box = $("people");
  box.replaceChildren();
  for (const [made_up, words] of [[true, "Made up"], [false, "Contacts"]]) {
    const some = found.filter((it) => it.made_up === made_up);
    if (some.length) box.append(make("h3", words), ...some.map(person));
  }
  if (!found.length) box.append(make("p", "Nobody’s address begins so."));
  for (const it of found) people.set(it.whom, it.label);
  name_person();
}

function person(it) {
  const button = make("button", it.label);
  button.type = "button";
  if (it.whom === (state.for || "prospect")) button.setAttribute("aria-current", "true");
  if (it.says) button.append(make("small", it.says));
  button.addEventListener("click", () => {
    people.set(it.whom, it.label);
    state.for = it.whom;
    state.locale = null;
    $("picker").open = false;
    remember(true);
    name_person();
    show(false);
  });
  return button;
}

function name_person() {
  const label = people.get(state.for || "prospect") || state.for;
  $("person").textContent = label;
  $("face").textContent = initial(label);
}

// What is chosen

function draw_choices() {
  for (const name of Object.keys(CHOICES))
    document.querySelectorAll(`input[name="${name}"]`).forEach((it) => { it.checked = it.value === state[name]; });
}

for (const name of Object.keys(CHOICES))
  document.querySelectorAll(`input[name="${name}"]`).forEach((it) => it.addEventListener("change", () => {
    state[name] = it.value;
    remember(false);
    if (shown) draw_view(false);
  }));
$("filter").addEventListener("input", draw_list);
$("choose").addEventListener("change", () => open_message($("choose").value));
$("locale").addEventListener("change", () => { state.locale = $("locale").value; remember(true); show(false); });
$("search").addEventListener("input", () => find_people().catch((error) => fail(error.message)));
$("picker").addEventListener("toggle", () => {
  if (!$("picker").open) return;
  $("search").focus();
  find_people().catch((error) => fail(error.message));
});
document.addEventListener("click", (it) => { if (!$("picker").contains(it.target)) $("picker").open = false; });
document.addEventListener("keydown", (it) => {
  if (it.key !== "Escape" || !$("picker").open) return;
  $("picker").open = false;
  $("picker").querySelector("summary").focus();
});
window.addEventListener("resize", fit);
window.addEventListener("popstate", () => { Object.assign(state, read()); draw_choices(); name_person(); draw_list(); show(true); });

// What is new

const news = new EventSource("/news");
news.addEventListener("open", () => say("live", "on"));
news.addEventListener("error", () => say("not connected: is nurture preview running?", "off"));
news.addEventListener("message", async (it) => {
  const now = JSON.parse(it.data), first = changed === 0, anew = now.changed !== changed;
  changed = now.changed;
  say(now.checked < now.changed ? "checking" : "live", now.checked < now.changed ? "on busy" : "on");
  try {
    if (!state.template) await list();
    if (anew) await show(first);
    else await checked();
    await list();
  } catch (error) {
    fail(error.message);
  }
});

async function checked() {
  const mine = turn, told = await ask(address("/message"));
  if (mine !== turn || !shown) return;
  shown = told;
  draw_findings();
  if (!shown.seen) draw_view(false);
}

draw_choices();
find_people().catch(() => {});
