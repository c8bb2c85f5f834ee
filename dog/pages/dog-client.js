// The WebSocket API of a Dog gateway, for browsers and for Node 20 and later. One module, no dependencies.
//
//   const client = new Client("ws://127.0.0.1:8080/ws", { onNotification: (event) => console.log(event.notification) });
//   client.subscribe();
//   client.connect();
//
// A lost connection is taken up again, with growing delays, and goes on where the last one broke off: what was missed is
// replayed, or, where the gateway does not have all of it any more, told as a gap with a new snapshot.

const PING = "/api/v1/ping"; // where a client asks how far it has got
const SESSION = "/api/v1/session"; // where it says who it is, and what it understands
const DISMISSED = 1008; // the WebSocket's close code for whoever may not be here, or not any more
const GOOD_AFTER = 10_000; // ms that a connection must stand before the next loss counts as the first one again

/** The gateway answered, and the answer is no. `status` is the HTTP status, `code` one of the gateway's error codes. */
export class Refused extends Error {
  constructor(status, error, words) {
    super(error?.message ?? words);
    this.name = "Refused";
    this.status = status;
    this.code = error?.code ?? "unknown";
    this.error = error;
  }
}

/** There is no conversation, or no answer. `sent`: the request was sent and may have been carried out. */
export class NotReachable extends Error {
  constructor(message, sent = false) {
    super(message);
    this.name = "NotReachable";
    this.sent = sent;
  }
}

export class Client {
  #url; #options; #on; #clock; #stream;
  #state = "idle"; #socket = null; #presentation = null; #sequence = 0; #pending = new Map();
  #failures = 0; #since = 0; #heardAt = 0; #retry = null; #presented = null; #beat = null;

  /**
   * url: of the WebSocket endpoint. Callbacks, each of them optional:
   *   onState(state, about): "connecting", "connected", "waiting" ({reason, seconds} until the next attempt),
   *     "refused" ({reason}: the gateway does not want us; no attempt follows), "closed".
   *     "connected": what is wanted has been subscribed to.
   *   onNotification({notification, eventId, at, cursor}): `notification` as on the wire; the numbers only from a
   *     gateway that resumes.
   *   onSnapshot(devicesStatus): how things are, for each subscription and after a gap. All that follows is younger.
   *   onEvent({event, eventId, at, cursor}): what else happens, with those devices: `event` has kind ("valueStaled",
   *     "deviceLost", "deviceChanged", ...) and, as the kind has it, device, states, details.
   *   onGap({from, to}): events after `from`, up to and with `to`, are lost; both null: the gateway does not resume,
   *     and nobody knows. A snapshot follows otherwise.
   * Other options: token; resume (true); WebSocket (the global one); clock ({now, setTimeout, clearTimeout});
   *   random; and in ms connectTimeout, requestTimeout, pingInterval, pingTimeout, maxDelay.
   */
  constructor(url, options = {}) {
    this.#url = url;
    this.#on = options;
    this.#options = {
      connectTimeout: 10_000, requestTimeout: 30_000, pingInterval: 30_000, pingTimeout: 10_000, maxDelay: 30_000,
      random: Math.random, token: null, ...options,
    };
    this.#clock = options.clock ?? {
      now: () => performance.now(),
      setTimeout: (call, delay) => setTimeout(call, delay),
      clearTimeout: (timer) => clearTimeout(timer),
    };
    this.#stream = new Stream(options.resume ?? true, Boolean(options.onEvent));
  }

  /** Who it is from the next connection on; null: nobody in particular. */
  set token(token) {
    if (token === this.#options.token) return;
    this.#options.token = token;
    this.#stream.forget(); // he may see other devices
  }

  get state() {
    return this.#state;
  }

  /** Does the gateway number its events, so that nothing is missed in silence? */
  get resuming() {
    return this.#stream.numbered;
  }

  /** The gateway's first message on this connection; null while there is none. */
  get presentation() {
    return this.#presentation;
  }

  /** Begin. What becomes of it is told by onState. */
  connect() {
    if (!["idle", "closed", "refused"].includes(this.#state)) return;
    this.#attempt();
  }

  /** Don't wait any longer for the next attempt: there is a network again, or somebody looks. */
  hurry() {
    if (this.#state === "waiting") this.#attempt();
  }

  /** End it for good (until connect is called again). */
  close() {
    if (this.#state === "closed") return;
    const socket = this.#socket;
    this.#forget(new NotReachable("the client was closed", true));
    socket?.close(1000);
    this.#become("closed");
  }

  /** A promise of the answer's `response`; rejected with Refused or NotReachable. */
  request(action, endPoint, parameters) {
    return this.#ask({ action, endPoint, parameters });
  }

  /**
   * Ask for notifications by class or name, "*" for every one; of one device, or of all. The wish is kept over lost
   * connections, and may be uttered before there is one: then this resolves at once. Otherwise when it is done.
   * detail: "full" adds to each value of a snapshot what it is worth. devices, rooms (or flats, by id), classes (with
   * those derived from them): of these only; lists of names in which * stands for anything. minInterval: seconds; of each
   * measurement at most one in that time, and always the latest at its end.
   */
  async subscribe(names = "*", { device = null, detail = null, ...narrow } = {}) {
    const wished = [].concat(names);
    const only = onlyOf(narrow);
    const request = this.#stream.add(device, wished, only, detail);
    try {
      if (this.#presentation) await this.#ask(request); // otherwise #begin asks for it
    } catch (error) {
      if (error instanceof Refused) this.#stream.drop(request);
      throw error;
    } finally {
      this.#stream.settle(request);
    }
  }

  /**
   * Take a wish back, or make an exception of it: subscribe("*") and unsubscribe("OnNotification"). Whatever its filter
   * was: the name is left out of all subscriptions of that device, or of all devices.
   */
  async unsubscribe(name = "*", { device = null } = {}) {
    const request = this.#stream.remove(device, name);
    if (this.#presentation) await this.#ask(request);
  }

  // -- attempts ---------------------------------------------------------------------------------------

  #attempt() {
    this.#clock.clearTimeout(this.#retry);
    this.#become("connecting");
    const WebSocket = this.#options.WebSocket ?? globalThis.WebSocket;
    const socket = this.#socket = new WebSocket(this.#url);
    this.#presented = this.#clock.setTimeout(
      () => this.#drop(socket, new NotReachable("no gateway presented itself in time")), this.#options.connectTimeout);
    socket.onmessage = (event) => this.#received(socket, event.data);
    socket.onerror = () => {}; // "close" follows
    socket.onclose = (event) => {
      const words = [event?.code, event?.reason].filter(Boolean).join(" ");
      if (event?.code === DISMISSED) this.#lost(socket, new Refused(401, { code: "unauthorized", message: event.reason }, words));
      else this.#lost(socket, new NotReachable(`the connection was lost${words ? ` (${words})` : ""}`));
    };
  }

  /** Give a connection up without waiting for the other side, which may be gone. */
  #drop(socket, reason) {
    socket.close();
    this.#lost(socket, reason);
  }

  #lost(socket, reason) {
    if (socket !== this.#socket) return;
    if (this.#state === "connected" && this.#clock.now() - this.#since >= GOOD_AFTER) this.#failures = 0;
    this.#forget(new NotReachable(reason.message, true));
    if (reason instanceof Refused && reason.status < 500) {
      this.#become("refused", { reason });
      return;
    }
    const { maxDelay, random } = this.#options;
    const delay = Math.min(maxDelay, 500 * 2 ** this.#failures++) * (0.5 + random() / 2);
    this.#retry = this.#clock.setTimeout(() => this.#attempt(), delay);
    this.#become("waiting", { reason, seconds: delay / 1000 });
  }

  /** Nothing of this connection is left, nor of a wait for the next. */
  #forget(reason) {
    for (const timer of [this.#retry, this.#presented, this.#beat]) this.#clock.clearTimeout(timer);
    this.#socket = this.#presentation = null;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject, timer } of pending) {
      this.#clock.clearTimeout(timer);
      reject(reason);
    }
  }

  #become(state, about = {}) {
    this.#state = state;
    this.#tell("onState", state, about);
  }

  /** A bug in a callback must not take the conversation down. */
  #tell(name, ...about) {
    try {
      this.#on[name]?.(...about);
    } catch (error) {
      console.error("Dog: a callback failed", error);
    }
  }

  // -- a conversation ---------------------------------------------------------------------------------

  async #begin(socket) {
    try {
      await this.#identify();
      for (const request of this.#stream.begin(this.#presentation)) {
        await this.#ask(request).catch((error) => {
          if (!request.optional || !(error instanceof Refused)) throw error;
        });
      }
    } catch (error) {
      this.#drop(socket, error);
      return;
    }
    if (socket !== this.#socket) return;
    this.#stream.ready();
    this.#since = this.#clock.now();
    this.#become("connected");
  }

  /** Say who it is. A browser is not told why a handshake with a token failed; of a request it is. */
  async #identify() {
    const { token } = this.#options;
    if (!token || this.#presentation.authenticated === undefined) return; // Dog 3 knows no tokens
    await this.#ask({ action: "PUT", endPoint: SESSION, parameters: { token } });
  }

  #ask(request) {
    const socket = this.#socket;
    if (!socket || !this.#presentation) return Promise.reject(new NotReachable("not connected"));
    const { action, endPoint, parameters } = request;
    const sequenceNumber = String(++this.#sequence);
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimeout(() => {
        this.#pending.delete(sequenceNumber);
        reject(new NotReachable(`no answer to ${action} ${endPoint}`, true));
      }, this.#options.requestTimeout);
      this.#pending.set(sequenceNumber, { resolve, reject, timer, request });
      const message = { clientId: this.#presentation.clientId, sequenceNumber, messageType: "request", action, endPoint };
      if (parameters !== undefined) message.parameters = parameters;
      socket.send(JSON.stringify(message));
    });
  }

  #received(socket, data) {
    if (socket !== this.#socket) return;
    this.#heardAt = this.#clock.now();
    let messages;
    try {
      messages = JSON.parse(data);
    } catch {
      console.warn("Dog: the gateway sent something else than a message");
      return;
    }
    for (const message of Array.isArray(messages) ? messages : [messages]) {
      if (socket !== this.#socket) return; // a callback has closed it
      if (message?.messageType === "presentation" && !this.#presentation) {
        this.#clock.clearTimeout(this.#presented);
        this.#presentation = message;
        this.#listen(socket);
        this.#begin(socket);
      } else if (message?.messageType === "response") {
        this.#answered(message);
      } else if (["notification", "event", "gap"].includes(message?.messageType)) {
        this.#deliver(this.#stream.received(message));
      }
    }
  }

  #answered(message) {
    const pending = this.#pending.get(String(message.sequenceNumber));
    if (!pending) return;
    this.#pending.delete(String(message.sequenceNumber));
    this.#clock.clearTimeout(pending.timer);
    const status = message.status ?? statusOf(message.response);
    if (status >= 400) {
      const words = message.response?.result ?? `status ${status}`;
      pending.reject(new Refused(status, message.error, words));
    } else {
      this.#deliver(this.#stream.answered(pending.request, message.response));
      pending.resolve(message.response);
    }
  }

  #deliver(told) {
    for (const [name, about] of told) this.#tell(name, about);
  }

  /** Notices a gateway that is gone without a word. A browser can't send pings, so it is asked for one. */
  #listen(socket) {
    const { pingInterval, pingTimeout } = this.#options;
    const look = () => {
      const silent = this.#clock.now() - this.#heardAt;
      if (silent < pingInterval && !this.#stream.stuck()) {
        this.#beat = this.#clock.setTimeout(look, pingInterval - silent);
        return;
      }
      const heardBefore = this.#heardAt;
      this.#ask({ action: "GET", endPoint: PING }).catch(() => {}); // any answer will do
      this.#beat = this.#clock.setTimeout(() => {
        if (this.#heardAt === heardBefore) this.#drop(socket, new NotReachable("the gateway has fallen silent"));
        else look();
      }, pingTimeout);
    };
    this.#beat = this.#clock.setTimeout(look, pingInterval);
  }
}

/** The status that the words of a Dog 3 gateway mean. */
function statusOf(response) {
  const result = String(response?.result ?? response ?? "");
  if (result === "The requested resource was not found") return 404;
  if (result === "Not authorised") return 403;
  if (result.startsWith("You forgot") || result === "Registration failed") return 400;
  return result.endsWith("execution failed") ? 500 : 200;
}

function pathOf(scope, name) {
  const device = scope === null ? "" : `/${encodeURIComponent(scope)}`;
  const rest = name === undefined ? "" : `/${encodeURIComponent(name)}`;
  return `/api/v1/subscriptions/devices${device}/notifications${rest}`;
}

/** What a subscription is narrowed to, as its body says it. */
function onlyOf({ devices, rooms, classes, minInterval }) {
  const only = {};
  for (const [name, value] of Object.entries({ devices, rooms, classes })) {
    if (value !== undefined && value !== null) only[name] = [].concat(value);
  }
  return minInterval ? { ...only, minInterval } : only;
}

const filterOf = ({ devices, rooms, classes }) => JSON.stringify([devices ?? null, rooms ?? null, classes ?? null]);
const isSame = (one, other) => filterOf(one) === filterOf(other) && one.minInterval === other.minInterval;
const copyOf = (all) => new Map([...all].map(([scope, steps]) => (
  [scope, steps.map((each) => (typeof each === "string" ? each : { only: each.only, names: new Set(each.names) }))])));
const isAll = (step) => typeof step !== "string" && step.names.has("*");

/**
 * What a client has subscribed to. Of each scope (a device, null: all of them) it keeps the wishes ({only, names}) and
 * the exclusions (a name) that still matter, in the order in which they were uttered: uttered again, they come to the same.
 */
class Wanted {
  #steps = new Map();
  #open = []; // since the first of those that are not answered: what was uttered, {utter, answered}
  #before = null; // what was wanted then

  /** What settle and drop take. */
  add(scope, names, only) {
    if (!this.#open.length) this.#before = copyOf(this.#steps);
    return this.#utter(() => this.#add(scope, names, only), false);
  }

  #utter(utter, answered) {
    const uttered = { utter, answered };
    this.#open.push(uttered);
    utter();
    return uttered;
  }

  /** It is answered, or never will be. */
  settle(uttered) {
    uttered.answered = true;
    if (this.#open.every((each) => each.answered)) this.#open = [];
  }

  /** It was refused: as if it had never been uttered. */
  drop(uttered) {
    const at = this.#open.indexOf(uttered);
    if (at < 0) return;
    this.#open.splice(at, 1);
    this.#steps = copyOf(this.#before);
    for (const each of this.#open) each.utter();
    this.settle(uttered);
  }

  #add(scope, names, only) {
    const steps = this.#steps.get(scope) ?? [];
    const all = names.includes("*");
    for (const { only: other, names: its } of steps.filter((each) => typeof each !== "string")) {
      // Of two intervals the later counts.
      if (filterOf(other) === filterOf(only) && !isSame(other, only)) for (const name of all ? [...its] : names) its.delete(name);
    }
    let target = null;
    const rest = [];
    for (const step of steps) {
      if (typeof step !== "string") {
        if (isSame(step.only, only)) target = step;
      } else if (all || names.includes(step)) {
        if (!rest.some((each) => isAll(each) && filterOf(each.only) !== filterOf(only))) continue;
        if (target) for (const name of names) target.names.delete(name); // it would be left out again
        target = null;
      }
      rest.push(step);
    }
    if (!target) rest.push(target = { only, names: new Set() });
    for (const name of names) target.names.add(name);
    this.#keep(scope, rest);
  }

  /** From everything of that scope: the gateway is not told of which. */
  remove(scope, name) {
    if (this.#open.length) this.#utter(() => this.#remove(scope, name), true);
    else this.#remove(scope, name);
  }

  #remove(scope, name) {
    const steps = name === "*" ? [] : (this.#steps.get(scope) ?? []).filter((each) => each !== name);
    for (const each of steps) if (typeof each !== "string") each.names.delete(name);
    this.#keep(scope, [...steps, name]);
  }

  has(scope, filter) {
    return (this.#steps.get(scope) ?? []).some((each) => typeof each !== "string" && filterOf(each.only) === filter);
  }

  /** [scope, {only, names}] to subscribe to, or [scope, name] to leave out, in order. */
  get steps() {
    return [...this.#steps].flatMap(([scope, steps]) => steps.map((each) => [scope, each]));
  }

  /** Keep what matters: a wish that names something, an exclusion from something. */
  #keep(scope, steps) {
    const kept = [];
    for (const each of steps) if (typeof each === "string" ? kept.some(isAll) : each.names.size) kept.push(each);
    if (kept.length) this.#steps.set(scope, kept);
    else this.#steps.delete(scope);
  }
}

/**
 * Where a client stands in the gateway's sequence of events, over all its conversations. No I/O, no clock.
 * Per conversation: begin, its requests one after the other, each answer to answered, ready. What answered and
 * received return is what is to be told, in order: pairs of a callback's name and its argument.
 */
export class Stream {
  numbered = false; // does this conversation number its events?
  position = null; // {epoch, cursor}: everything up to there has come

  #resume; #events; #offered = false; #epoch = null; #target = 0; #presented = 0; #blind = false;
  #wanted = new Wanted();
  #details = new Map(); // scope -> how full its snapshots are
  #inForce = new Set(); // scopes with their filters (as text) that were subscribed to at any time
  #known = new Set(); // and those of them whose state was told
  #fresh = new Set(); // those with names that the gateway has not been asked for yet
  #marks = null; // while a new conversation begins: the number in each answer, null for a replay
  #seen = new Set(); // events beyond the position that have come
  #last = new Map(); // of each device and class, the number of the last event
  #looked = null; // the position when stuck was called

  /** events: is what is no notification wanted, too? */
  constructor(resume = true, events = false) {
    this.#resume = resume;
    this.#events = events;
  }

  /** Be as new, but for what is wanted. */
  forget() {
    this.position = null;
    this.#inForce.clear();
    this.#known.clear();
    this.#beginAnew(null);
  }

  begin({ features = [], eventId = 0 }) {
    this.#offered = this.#resume && ["eventId", "gap"].every((each) => features.includes(each));
    this.numbered = this.#blind = false;
    this.#marks = [];
    this.#target = 0;
    this.#presented = eventId;
    return this.#requests(features);
  }

  * #requests(features) {
    const more = ["batch", ...(this.#events ? ["events"] : [])].filter((each) => features.includes(each));
    if (this.#offered && more.length) {
      yield { action: "PUT", endPoint: SESSION, parameters: { features: [...more, "eventId", "gap"].sort() }, optional: true };
    }
    for (const [scope, step] of this.#wanted.steps) {
      yield typeof step === "string" ? { action: "DELETE", endPoint: pathOf(scope, step) }
        : this.#subscription(scope, step.names, step.only, true);
    }
  }

  add(scope, names, only = {}, detail = null) {
    const uttered = this.#wanted.add(scope, names, only);
    if (detail) this.#details.set(scope, detail);
    this.#fresh.add(JSON.stringify([scope, filterOf(only)]));
    return { ...this.#subscription(scope, names, only, false), uttered };
  }

  remove(scope, name) {
    this.#wanted.remove(scope, name);
    this.#left();
    return { action: "DELETE", endPoint: pathOf(scope, name) };
  }

  /** The gateway has refused this request of add: all is as before. */
  drop({ uttered }) {
    this.#wanted.drop(uttered);
    this.#left();
  }

  /** This request of add is answered, or never will be. */
  settle({ uttered }) {
    this.#wanted.settle(uttered);
  }

  /** Forget what is not wanted any more. */
  #left() {
    for (const known of [this.#inForce, this.#known]) {
      for (const each of known) if (!this.#wanted.has(...JSON.parse(each))) known.delete(each);
    }
  }

  #subscription(scope, names, only, again) {
    const key = JSON.stringify([scope, filterOf(only)]);
    const parameters = { notifications: [...names], ...only };
    if (this.#offered && again && this.position && this.#known.has(key)) parameters.since = { ...this.position };
    if (this.#offered && (!parameters.since || this.#fresh.has(key))) parameters.snapshot = true;
    const detail = this.#details.get(scope);
    const endPoint = pathOf(scope) + (this.#offered && detail ? `?detail=${encodeURIComponent(detail)}` : "");
    return { action: "POST", endPoint, parameters, scope: key };
  }

  answered({ scope, parameters, endPoint }, response) {
    if (endPoint === PING) {
      if (this.numbered && response?.epoch === this.#epoch) this.#reached(response.cursor);
      return [];
    }
    if (scope === undefined || !this.#resume) return [];
    const again = this.#inForce.has(scope) && this.#marks !== null;
    this.#inForce.add(scope);
    const { epoch, eventId, resume, gap, devicesStatus } = response ?? {};
    if (!this.#offered || typeof epoch !== "string" || !Number.isInteger(eventId)) return this.#unnumbered(again);
    this.numbered = true;
    this.#known.add(scope);
    this.#fresh.delete(scope);
    const told = [];
    if (parameters.since && resume !== "complete" && resume !== "replay") {
      this.#beginAnew(epoch);
      told.push(["onGap", { from: gap?.from ?? null, to: gap?.to ?? null }]);
    }
    this.#epoch = epoch;
    if (this.#marks) this.#marks.push(resume === "replay" ? null : eventId);
    else this.position ??= { epoch, cursor: eventId };
    if (Array.isArray(devicesStatus)) told.push(["onSnapshot", devicesStatus]);
    return told;
  }

  ready() {
    const marks = this.#marks ?? [];
    this.#marks = null;
    if (!marks.length || this.#epoch === null) return;
    if (!marks.includes(null)) this.#moveTo(Math.min(...marks));
    // Numbers go on over epochs, and cursors of a replay may still belong to the one before. Which ones is not told;
    // those that the new gateway had already given out when it presented itself are beyond doubt.
    else if (this.position?.epoch !== this.#epoch) this.#target = this.#presented;
  }

  received(message) {
    if (message.messageType === "gap") return this.#gapped(message);
    const { notification, event, eventId, at, cursor } = message;
    const told = event ? [["onEvent", { event, eventId, at, cursor }]] : [["onNotification", { notification, eventId, at, cursor }]];
    if (!this.numbered || !Number.isInteger(eventId)) return told;
    const key = JSON.stringify(event ? [event.device ?? null, event.kind] : [notification.deviceUri, notification.notificationTopic]);
    // An older one that had been merged away may come on a replay after the newer one; then the newer has to come
    // last again.
    if (this.#seen.has(eventId) && (this.#last.get(key) ?? eventId) >= eventId) return [];
    this.#last.set(key, eventId);
    this.#seen.add(eventId);
    this.#reached(cursor);
    return told;
  }

  /**
   * Called now and then: whether to ask with a PING, because the position has not moved between two calls. Whom next
   * to nothing is told of would keep a cursor of long ago, which the gateway's log does not reach.
   */
  stuck() {
    const position = this.position;
    const same = position && position.epoch === this.#looked?.epoch && position.cursor === this.#looked.cursor;
    const stuck = this.numbered && Boolean(same);
    this.#looked = stuck ? null : position;
    return stuck;
  }

  #reached(cursor) {
    if (Number.isInteger(cursor) && !this.#marks && cursor >= this.#target) this.#moveTo(cursor);
  }

  #gapped({ gap, devicesStatus }) {
    const { epoch, from = null, to = null } = gap ?? {};
    if (this.numbered && to !== null) {
      this.#beginAnew(epoch);
      this.#epoch = epoch ?? this.#epoch;
      if (!this.#marks) this.#moveTo(to);
    }
    const told = [["onGap", { from, to }]];
    if (Array.isArray(devicesStatus)) told.push(["onSnapshot", devicesStatus]);
    return told;
  }

  /** After a gap, numbers of another epoch may have begun anew: those that have come say nothing of them. */
  #beginAnew(epoch) {
    if (epoch && epoch === this.#epoch) return;
    this.#seen.clear();
    this.#last.clear();
  }

  /** Nothing is known of what happened since the last conversation, nor will be after this one. */
  #unnumbered(again) {
    this.position = null;
    this.#known.clear();
    this.#beginAnew(null);
    if (!again || this.#blind) return [];
    this.#blind = true;
    return [["onGap", { from: null, to: null }]];
  }

  #moveTo(cursor) {
    if (this.position?.epoch === this.#epoch && this.position.cursor > cursor) return;
    this.position = { epoch: this.#epoch, cursor };
    this.#target = 0;
    for (const each of this.#seen) if (each <= cursor) this.#seen.delete(each);
  }
}
