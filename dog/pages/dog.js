// The live devices of a Dog gateway, through its WebSocket. No dependencies, no build step.
// Everything that comes from the gateway is put on the page as text, never as HTML.

import { Client, Refused } from "./dog-client.js";

const GATHER = 100; // ms in which several events of one device cause one question
const IN_FLIGHT = 4; // questions about devices that are on their way at once
const KEPT = "dog.token"; // where a token is kept
const TOUCHING = ["valueObserved", "valueStaled", "deviceReached", "deviceLost", "deviceAttached"]; // events: ask for the status
const CHANGING = ["deviceChanged", "environmentChanged"]; // events: draw the page anew
const BUTTONS = ["on", "off", "open", "close", "up", "stop", "rest", "down", "toggle", "play", "pause", "start"];

// -- small things -----------------------------------------------------------------------------------

function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  Object.assign(made, properties);
  made.append(...children);
  return made;
}

/** "SinglePhaseActivePowerMeasurementState" -> "single phase active power" */
function nameOf(state) {
  return state.replace(/(Measurement)?State(HSB|RGB)?$/, "").replace(/(?<=[a-z0-9])(?=[A-Z])/g, " ").toLowerCase() || state;
}

function textOf(value) {
  const isPlain = value !== null && typeof value === "object" && Object.values(value).every((each) => typeof each !== "object");
  const text = typeof value === "string" ? value.trim()
    : isPlain ? Object.entries(value).map(([name, each]) => `${name} ${each}`).join(", ")
    : JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}

/** The days of a schedule as one entry: there is no room for all of them. */
function shortened(entries) {
  if (!entries[0]?.value?.switchPoints) return entries;
  return [{ ...entries[0], value: entries.length === 1 ? "1 day" : `${entries.length} days` }];
}

/** The key parameters of a state's entry: "L1" */
function keyOf(entry) {
  const worth = ["value", "online", "quality", "changedAt", "heardAt", "expiresAt"];
  return Object.entries(entry).filter(([name]) => !worth.includes(name)).map(([, value]) => String(value)).join(" ");
}

function pathOf(id, rest) {
  return `/api/v1/devices/${encodeURIComponent(id)}${rest}`;
}

/** The commands that are worth a button: well known, declared by the device, and without parameters. */
function commandsOf(device) {
  const found = new Set();
  for (const { commands = [] } of device.controlFunctionality ?? []) {
    for (const command of Array.isArray(commands) ? commands : commands.command ?? []) {
      for (const { name, value } of command.param ?? []) {
        if (name === "realCommandName") found.add(value);
      }
    }
  }
  return BUTTONS.filter((name) => found.has(name));
}

/** Every place of the environment in its order: id -> what it is called. */
function placesOf(environment) {
  const found = new Map();
  const add = (place, within) => {
    const name = place.description ?? place.id;
    if (place.id && !found.has(place.id)) found.set(place.id, within ? `${name} · ${within}` : name);
    return name;
  };
  const flat = (each) => {
    const name = each.description ?? each.id;
    for (const room of each.rooms ?? []) add(room, name);
    add(each);
  };
  for (const building of environment.building ?? []) {
    for (const each of building.flats ?? []) flat(each);
    for (const storey of building.storey ?? []) {
      for (const each of storey.flats ?? []) flat(each);
      for (const room of storey.rooms ?? []) add(room, storey.description ?? storey.id);
      add(storey);
    }
    for (const each of [...building.garden ?? [], ...building.garage ?? []]) add(each);
    add(building);
  }
  return found;
}

// -- a device's row ---------------------------------------------------------------------------------

class Row {
  constructor(device, send) {
    const title = device.description ?? device.id;
    const about = device.description ? `${device.class} · ${device.id}` : device.class;
    this.states = element("td", { className: "states" });
    this.event = element("td", { className: "events" });
    this.problem = element("span", { className: "problem" });
    this.buttons = element("td", { className: "commands" });
    this.element = element("tr", {},
      element("th", { scope: "row" }, title, element("small", { textContent: about }), this.problem),
      this.states, this.event, this.buttons);
    this.element.dataset.device = device.id;
    for (const command of commandsOf(device)) {
      const button = element("button", { type: "button", textContent: command });
      button.dataset.command = command;
      button.setAttribute("aria-label", `${title}: ${command}`);
      button.addEventListener("click", async () => {
        button.disabled = true;
        try {
          await send(device.id, command);
          this.problem.textContent = "";
        } catch (error) {
          this.problem.textContent = `${command}: ${error.message}`;
        }
        button.disabled = false;
      });
      this.buttons.append(button);
    }
  }

  /** Show a status of the API. */
  show(status) {
    this.element.toggleAttribute("data-inactive", status.active === false);
    const shown = [];
    if (status.active === false) shown.push(element("span", { textContent: `inactive: ${status.reason ?? "no driver"} ` }));
    for (const [state, entries] of Object.entries(status.status ?? {})) {
      for (const entry of shortened(entries)) {
        const name = `${nameOf(state)} ${keyOf(entry)}`.trim();
        const one = element("span", { className: "state" },
          element("span", { className: "name", textContent: name }), " ",
          element("span", { className: "value", textContent: textOf(entry.value) }));
        one.dataset.state = state;
        if (entry.quality) one.dataset.quality = entry.quality;
        if (entry.quality === "stale") one.title = "not heard for too long";
        shown.push(one, " ");
      }
    }
    this.states.replaceChildren(...shown);
  }

  /** Show that something happened. */
  told(notification) {
    const { notificationTopic, notificationName, deviceUri, ...params } = notification;
    const values = Object.values(params).map(textOf).join(" ");
    const at = new Date().toLocaleTimeString();
    this.event.textContent = `${at} ${notificationName}${values ? ` ${values}` : ""}`;
    this.element.classList.remove("told");
    void this.element.offsetWidth; // the animation starts anew
    this.element.classList.add("told");
  }
}

// -- the page ---------------------------------------------------------------------------------------

const rooms = document.getElementById("rooms");
const connection = document.getElementById("connection");
const counts = document.getElementById("counts");
const rows = new Map();
const statuses = new Map(); // as they were told last, by id: they may come before the rows are there
const due = new Set(); // devices whose status is to be asked for
let asking = 0;
let gathering = 0;
let loading = null;
let reloading = 0;
let visitor = 0; // counts those who have looked at this page, one after the other

function tell(state, text) {
  connection.dataset.state = state;
  connection.textContent = text;
  rooms.toggleAttribute("data-stale", state !== "connected");
}

function send(id, command) {
  return client.request("PUT", pathOf(id, `/commands/${encodeURIComponent(command)}`));
}

/** The devices anew: at the beginning, after each connection, and when something is told of one that is not here. */
async function load() {
  const [environment, { devices }] = await Promise.all([
    client.request("GET", "/api/v1/environment").catch(() => ({})), // devices without rooms are better than none
    client.request("GET", "/api/v1/devices"),
  ]);
  draw(devices, placesOf(environment));
}

function reload() {
  loading ??= load().catch(failed).finally(() => {
    loading = null;
  });
  return loading;
}

function reloadSoon() {
  reloading ||= setTimeout(() => {
    reloading = 0;
    // What is on its way may have been asked for too early.
    if (loading) reloadSoon();
    else reload();
  }, 1000);
}

function show(status) {
  statuses.set(status.id, status);
  rows.get(status.id)?.show(status);
}

function draw(devices, places) {
  const byPlace = new Map([...places.keys()].map((id) => [id, []]));
  for (const device of devices) {
    const place = device.isIn ?? "";
    if (!byPlace.has(place)) byPlace.set(place, []);
    byPlace.get(place).push(device);
  }
  const before = new Map(rows);
  rows.clear();
  const sections = [];
  for (const [place, inside] of byPlace) {
    if (!inside.length) continue;
    const body = element("tbody");
    for (const device of inside) {
      const row = new Row(device, send);
      if (statuses.has(device.id)) row.show(statuses.get(device.id));
      else refreshSoon(device.id);
      row.event.textContent = before.get(device.id)?.event.textContent ?? "";
      rows.set(device.id, row);
      body.append(row.element);
    }
    const heading = element("h2", { textContent: places.get(place) ?? (place || "In no room") });
    const section = element("section", {}, heading, element("table", {}, body));
    section.dataset.room = place;
    sections.push(section);
  }
  rooms.replaceChildren(...sections);
  counts.textContent = devices.length === 1 ? "1 device" : `${devices.length} devices`;
}

/** A notification does not say which state it changes: ask, but not more often than answers come. */
function refreshSoon(id) {
  due.add(id);
  gathering ||= setTimeout(refresh, GATHER);
}

function refresh() {
  gathering = 0;
  while (due.size && asking < IN_FLIGHT && client.presentation) {
    const [id] = due;
    due.delete(id);
    asking++;
    const asks = visitor;
    client.request("GET", pathOf(id, "/status?detail=full"))
      .then(show, (error) => {
        // The event has come and will not come again: its question stays open until there is an answer.
        if (!(error instanceof Refused) && asks === visitor) due.add(id);
        failed(error);
        if (error.code === "not_found") reloadSoon();
      })
      .finally(() => {
        asking--;
        if (due.size) gathering ||= setTimeout(refresh, GATHER);
      });
  }
}

function failed(error) {
  console.warn(`Dog: ${error.message}`);
}

// -- who looks --------------------------------------------------------------------------------------

const form = document.getElementById("token");
const signIn = document.getElementById("sign-in");
const signOut = document.getElementById("sign-out");
let token = null; // that is sent
let kept = false; // is it one that is kept, rather than one that was just typed in?

/** Storage may be forbidden: then a token lasts as long as the page. */
function storage(what) {
  for (const each of [() => sessionStorage, () => localStorage]) {
    try {
      const found = what(each());
      if (found) return found;
    } catch {}
  }
  return null;
}

function keep() {
  const { stay } = form.elements;
  try {
    (stay.checked ? localStorage : sessionStorage).setItem(KEPT, token);
  } catch {}
  kept = true;
}

function forget() {
  storage((each) => each.removeItem(KEPT));
  token = null;
  kept = false;
}

/** Ask for a token. wrong: something is the matter with the one before. */
function askForToken(words, wrong = false) {
  document.getElementById("why").textContent = words;
  document.getElementById("open").hidden = isSecureContext;
  form.toggleAttribute("data-wrong", wrong);
  form.hidden = false;
  form.elements.token.value = "";
  form.elements.token.focus();
}

/** Begin anew as somebody else: nothing stays on the page of what the one before could see. */
function begin() {
  client.close();
  clear();
  tell("connecting", "connecting …");
  client.token = token;
  client.connect();
}

function clear() {
  visitor++;
  rows.clear();
  statuses.clear();
  due.clear();
  rooms.replaceChildren();
  counts.textContent = "";
}

function refused({ reason }) {
  clear();
  tell("refused", reason.status === 401 ? "not signed in" : reason.message);
  signOut.hidden = !token; // with a token that is good for nothing, too
  signIn.hidden = true;
  if (reason.status !== 401) return;
  if (!token) askForToken("This gateway asks for a token.");
  else if (kept) askForToken("You were signed out: the token was revoked or has expired.", true);
  else askForToken("This token is not valid: it is unknown, was revoked or has expired.", true);
  forget();
  signOut.hidden = true;
}

function accepted() {
  if (token && !kept) keep();
  form.hidden = true;
  form.elements.token.value = "";
  signOut.hidden = !token;
  signIn.hidden = Boolean(token);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  forget();
  token = form.elements.token.value.trim();
  document.getElementById("why").textContent = "";
  begin();
});
signIn.addEventListener("click", () => {
  if (form.hidden) askForToken("A token may let you see and do more.");
  else form.hidden = true;
});
signOut.addEventListener("click", () => {
  forget();
  begin();
});
addEventListener("storage", (event) => {
  // Signed out in another tab.
  if (event.key !== KEPT || event.newValue !== null || event.oldValue !== token) return;
  forget();
  begin();
});

// -- the conversation -------------------------------------------------------------------------------

const client = new Client(
  new URL(document.documentElement.dataset.websocket, location.href.replace(/^http/, "ws")).href,
  {
    maxDelay: 15_000,
    onState(state, about) {
      if (state === "connected") {
        tell("connected", "connected");
        accepted();
        refresh();
        reload();
      } else if (state === "waiting") {
        tell("waiting", `reconnecting, next attempt in ${Math.max(1, Math.round(about.seconds))} s`);
      } else if (state === "refused") {
        refused(about);
      }
    },
    onSnapshot(devicesStatus) {
      statuses.clear();
      due.clear();
      for (const status of devicesStatus) show(status);
    },
    onEvent({ event }) {
      if (TOUCHING.includes(event.kind)) refreshSoon(event.device);
      else if (CHANGING.includes(event.kind)) {
        statuses.delete(event.device);
        reloadSoon();
      }
    },
    onGap({ from, to }) {
      console.info(from === null || to === null ? "Dog: events were missed" : `Dog: ${to - from} events were missed`);
    },
    onNotification({ notification }) {
      rows.get(notification.deviceUri)?.told(notification);
      if (rows.has(notification.deviceUri) || loading) refreshSoon(notification.deviceUri);
      else reloadSoon();
    },
  },
);

client.subscribe("*", { detail: "full" }).catch(failed);
token = storage((each) => each.getItem(KEPT));
kept = Boolean(token);
client.token = token;
client.connect();
addEventListener("online", () => client.hurry());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) client.hurry();
});
