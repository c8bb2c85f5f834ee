// The live devices of a Dog gateway, through its WebSocket. No dependencies, no build step.
// Everything that comes from the gateway is put on the page as text, never as HTML.

const CONNECT_WITHIN = 10_000; // ms until the presentation must have come
const ANSWER_WITHIN = 10_000; // ms until a request must have been answered
const REFRESH_EVERY = 30_000; // ms; also notices a gateway that is gone without a word
const GOOD_AFTER = 10_000; // ms that a connection must stand before the next loss counts as the first one again
const GATHER = 100; // ms in which several events of one device cause one question
const IN_FLIGHT = 4; // questions about devices that are on their way at once
const STATUSES = "/api/v1/devices/status?detail=full";
const BUTTONS = ["on", "off", "open", "close", "up", "stop", "rest", "down", "toggle", "play", "pause", "start"];

/** One conversation with the gateway, taken up again whenever it breaks off. */
class Conversation {
  #url; #listener; #socket = null; #clientId = null; #sequence = 0; #pending = new Map();
  #failures = 0; #since = 0; #timer = 0; #presented = 0;

  /** listener: { connected(), lost(secondsUntilNext), told(notification) } */
  constructor(url, listener) {
    this.#url = url;
    this.#listener = listener;
  }

  connect() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const socket = this.#socket = new WebSocket(this.#url);
    this.#presented = setTimeout(() => this.#drop(socket), CONNECT_WITHIN);
    socket.onmessage = (event) => this.#received(socket, event.data);
    socket.onclose = () => this.#closed(socket);
  }

  /** Not to wait any longer: there is a network again, or somebody looks. */
  hurry() {
    if (this.#timer) this.connect();
  }

  /** A promise of the response; rejected with an Error that says why there is none. */
  request(action, endPoint, parameters) {
    const socket = this.#socket;
    if (!socket || this.#clientId === null) return Promise.reject(new Error("not connected"));
    const sequenceNumber = String(++this.#sequence);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(sequenceNumber);
        reject(new Error("no answer"));
        this.#drop(socket);
      }, ANSWER_WITHIN);
      this.#pending.set(sequenceNumber, { resolve, reject, timer });
      const message = { clientId: this.#clientId, sequenceNumber, messageType: "request", action, endPoint };
      if (parameters !== undefined) message.parameters = parameters;
      socket.send(JSON.stringify(message));
    });
  }

  #received(socket, data) {
    if (socket !== this.#socket) return;
    let messages;
    try {
      messages = JSON.parse(data);
    } catch {
      return;
    }
    for (const message of Array.isArray(messages) ? messages : [messages]) {
      if (message.messageType === "presentation") {
        clearTimeout(this.#presented);
        this.#clientId = message.clientId;
        this.#since = Date.now();
        this.#listener.connected();
      } else if (message.messageType === "response") {
        this.#answered(message);
      } else if (message.messageType === "notification") {
        this.#listener.told(message.notification);
      }
    }
  }

  #answered(message) {
    const pending = this.#pending.get(message.sequenceNumber);
    if (!pending) return;
    this.#pending.delete(message.sequenceNumber);
    clearTimeout(pending.timer);
    if (message.status >= 400) {
      const error = new Error(message.error?.message ?? message.response?.result ?? `status ${message.status}`);
      error.status = message.status;
      pending.reject(error);
    } else {
      pending.resolve(message.response);
    }
  }

  /** Give a connection up without waiting for the other side, which may be gone. */
  #drop(socket) {
    socket.close();
    this.#closed(socket);
  }

  #closed(socket) {
    if (socket !== this.#socket) return;
    clearTimeout(this.#presented);
    if (this.#clientId !== null && Date.now() - this.#since >= GOOD_AFTER) this.#failures = 0;
    this.#socket = null;
    this.#clientId = null;
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(new Error("the connection was lost"));
    }
    this.#pending.clear();
    const delay = Math.min(15_000, 500 * 2 ** this.#failures++) * (0.5 + Math.random() / 2);
    this.#timer = setTimeout(() => this.connect(), delay);
    this.#listener.lost(delay / 1000);
  }
}

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
const due = new Set(); // devices whose status is to be asked for
let asking = 0;
let gathering = 0;
let loading = null;
const toldWhileLoading = new Set();

function tell(state, text) {
  connection.dataset.state = state;
  connection.textContent = text;
  rooms.toggleAttribute("data-stale", state !== "connected");
}

function send(id, command) {
  return conversation.request("PUT", pathOf(id, `/commands/${encodeURIComponent(command)}`));
}

/** Everything anew: after connecting, and when something is told of a device that is not on the page. */
async function load() {
  const [environment, { devices }, { devicesStatus }] = await Promise.all([
    conversation.request("GET", "/api/v1/environment").catch(() => ({})), // devices without rooms are better than none
    conversation.request("GET", "/api/v1/devices"),
    conversation.request("GET", STATUSES),
  ]);
  draw(devices, placesOf(environment), new Map(devicesStatus.map((status) => [status.id, status])));
}

/** Events that come meanwhile may be younger than the statuses: their devices are asked again. */
function reload() {
  loading ??= load().catch(failed).finally(() => {
    loading = null;
    for (const id of toldWhileLoading) refreshSoon(id);
    toldWhileLoading.clear();
  });
  return loading;
}

function draw(devices, places, statuses) {
  const byPlace = new Map([...places.keys()].map((id) => [id, []]));
  for (const device of devices) {
    const place = device.isIn ?? "";
    if (!byPlace.has(place)) byPlace.set(place, []);
    byPlace.get(place).push(device);
  }
  rows.clear();
  const sections = [];
  for (const [place, inside] of byPlace) {
    if (!inside.length) continue;
    const body = element("tbody");
    for (const device of inside) {
      const row = new Row(device, send);
      if (statuses.has(device.id)) row.show(statuses.get(device.id));
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

async function refreshAll() {
  const { devicesStatus } = await conversation.request("GET", STATUSES);
  for (const status of devicesStatus) rows.get(status.id)?.show(status);
}

/** A notification does not say which state it changes: ask, but not more often than answers come. */
function refreshSoon(id) {
  due.add(id);
  gathering ||= setTimeout(refresh, GATHER);
}

function refresh() {
  gathering = 0;
  while (due.size && asking < IN_FLIGHT) {
    const [id] = due;
    due.delete(id);
    if (!rows.has(id)) continue;
    asking++;
    conversation.request("GET", pathOf(id, "/status?detail=full"))
      .then((status) => rows.get(id)?.show(status), failed)
      .finally(() => {
        asking--;
        if (due.size) gathering ||= setTimeout(refresh, GATHER);
      });
  }
}

/** What could not be had is asked for again by the next event, the next refresh or the next connection. */
function failed(error) {
  console.warn(`Dog: ${error.message}`);
}

const conversation = new Conversation(
  new URL(document.documentElement.dataset.websocket, location.href.replace(/^http/, "ws")),
  {
    async connected() {
      try {
        await conversation.request("POST", "/api/v1/subscriptions/devices/notifications", "*");
        tell("connected", "connected");
      } catch (error) {
        if (error.status) tell("refused", error.message);
        return;
      }
      due.clear();
      await reload();
    },
    lost(seconds) {
      tell("waiting", `reconnecting, next attempt in ${Math.max(1, Math.round(seconds))} s`);
    },
    told(notification) {
      const row = rows.get(notification.deviceUri);
      row?.told(notification);
      if (loading) {
        toldWhileLoading.add(notification.deviceUri);
      } else if (row) {
        refreshSoon(notification.deviceUri);
      } else {
        setTimeout(reload, 1000);
      }
    },
  },
);

setInterval(() => {
  if (connection.dataset.state !== "connected") return;
  const question = document.hidden ? conversation.request("GET", "/api/v1/ping") : refreshAll();
  question.catch(failed);
}, REFRESH_EVERY);
addEventListener("online", () => conversation.hurry());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) conversation.hurry();
});
conversation.connect();
