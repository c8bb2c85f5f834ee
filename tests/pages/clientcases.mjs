// Cases of dog-client.js on sockets and a clock of our own: node clientcases.mjs PATH-OF-MODULE. Prints what went wrong.
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";

const { Client, Refused, NotReachable, Stream } = await import(pathToFileURL(process.argv[2]));

const ALL = "/api/v1/subscriptions/devices/notifications";
const OFFERED = { features: ["batch", "eventId", "gap"], epoch: "e", eventId: 3 };
const DONE = { result: "Registration completed successfully" };

class Clock {
  time = 0; timers = new Map(); number = 0;
  now = () => this.time;
  setTimeout = (call, delay) => { this.timers.set(++this.number, { call, at: this.time + delay }); return this.number; };
  clearTimeout = (timer) => this.timers.delete(timer);
  async advance(ms) {
    const until = this.time + ms;
    for (;;) {
      const [id, next] = [...this.timers].sort((a, b) => a[1].at - b[1].at)[0] ?? [];
      if (!next || next.at > until) break;
      this.timers.delete(id);
      this.time = next.at;
      next.call();
      await settled();
    }
    this.time = until;
  }
}

/** Let all promises settle. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

function start(options = {}) {
  const clock = new Clock();
  const sockets = [], told = [], states = [];
  class Socket {
    sent = []; closed = false;
    constructor(url, protocols) { Object.assign(this, { url, protocols }); sockets.push(this); }
    send(text) { this.sent.push(JSON.parse(text)); }
    close() { this.closed = true; }
    tell(...messages) { for (const each of messages) this.onmessage({ data: JSON.stringify(each) }); }
    present(fields = OFFERED) { this.tell({ messageType: "presentation", clientId: "c", ...fields }); return settled(); }
    answer(response = DONE, fields = { status: 200 }) {
      const request = this.sent[this.answered ?? 0];
      this.answered = (this.answered ?? 0) + 1;
      this.tell({ ...request, messageType: "response", response, ...fields });
      return settled();
    }
    lose() { this.closed = true; this.onclose({ code: 1006, reason: "" }); return settled(); }
  }
  const client = new Client("ws://h/ws", {
    WebSocket: Socket, clock, random: () => 1,
    onState: (state, about) => states.push(about.seconds ? `${state} ${about.seconds}` : state),
    onNotification: ({ notification, eventId }) => told.push(eventId ?? notification.notificationName),
    onSnapshot: (statuses) => told.push(statuses.map((each) => each.id).join() || "snapshot"),
    onGap: ({ from, to }) => told.push(`gap ${from} ${to}`),
    ...options,
  });
  return { clock, sockets, told, states, client, get socket() { return sockets.at(-1); } };
}

function notification(eventId, cursor = eventId, device = `lamp${eventId}`) {
  return { messageType: "notification", eventId, cursor, notification: { deviceUri: device, notificationTopic: "On", notificationName: "on" } };
}

/** Connected and subscribed to everything, with position e, 3. */
async function connected(options) {
  const all = start(options);
  all.client.subscribe();
  all.client.connect();
  await all.socket.present();
  await all.socket.answer({ features: [] });
  await all.socket.answer({ ...DONE, epoch: "e", eventId: 3, devicesStatus: [{ id: "lamp" }] });
  return all;
}

const parametersOf = (socket) => socket.sent.map(({ action, endPoint, parameters }) => [action, endPoint, parameters]);

const cases = {
  async snapshotFirst() {
    const { client, socket, told, states } = await connected();
    assert.deepEqual(parametersOf(socket), [
      ["PUT", "/api/v1/session", { features: ["batch", "eventId", "gap"] }],
      ["POST", ALL, { notifications: ["*"], snapshot: true }],
    ]);
    assert.equal(socket.protocols, undefined);
    assert.deepEqual(states, ["connecting", "connected"]);
    assert.equal(client.resuming, true);
    socket.tell([notification(4), notification(5)], notification(6));
    assert.deepEqual(told, ["lamp", 4, 5, 6]);
  },

  async goesOn() {
    const all = await connected();
    all.socket.tell(notification(4), notification(6, 4));
    await all.socket.lose();
    assert.deepEqual(all.states.slice(2), ["waiting 0.5"]);
    await all.clock.advance(500);
    await all.socket.present();
    await all.socket.answer({});
    assert.deepEqual(all.socket.sent[1].parameters, { notifications: ["*"], since: { epoch: "e", cursor: 4 } });
    await all.socket.answer({ ...DONE, epoch: "e", eventId: 4, resume: "replay" });
    all.socket.tell(notification(5), notification(6), notification(7));
    assert.deepEqual(all.told, ["lamp", 4, 6, 5, 7]);
    assert.equal(all.client.state, "connected");
  },

  async nothingMissed() {
    const all = await connected();
    await all.socket.lose();
    await all.clock.advance(500);
    await all.socket.present();
    await all.socket.answer({});
    await all.socket.answer({ ...DONE, epoch: "e", eventId: 9, resume: "complete" });
    assert.deepEqual(all.told, ["lamp"]);
    await all.socket.lose();
    await all.clock.advance(1000);
    await all.socket.present();
    await all.socket.answer({});
    assert.equal(all.socket.sent[1].parameters.since.cursor, 9);
  },

  async gapAfterRestart() {
    const all = await connected();
    await all.socket.lose();
    await all.clock.advance(500);
    await all.socket.present({ ...OFFERED, epoch: "f" });
    await all.socket.answer({});
    const gap = { epoch: "f", from: null, to: 2 };
    await all.socket.answer({ ...DONE, epoch: "f", eventId: 2, resume: "gap", gap, devicesStatus: [{ id: "new" }] });
    all.socket.tell(notification(3));
    assert.deepEqual(all.told, ["lamp", "gap null 2", "new", 3]);
  },

  async unaskedGap() {
    const all = await connected();
    all.socket.tell({ messageType: "gap", gap: { epoch: "e", from: 3, to: 8 }, devicesStatus: [] });
    assert.deepEqual(all.told, ["lamp", "gap 3 8", "snapshot"]);
    await all.socket.lose();
    await all.clock.advance(500);
    await all.socket.present();
    await all.socket.answer({});
    assert.equal(all.socket.sent[1].parameters.since.cursor, 8);
  },

  async oldGateway() {
    const all = start();
    all.client.subscribe(["A", "B"], { device: "a lamp", detail: "full" });
    all.client.connect();
    for (const expected of [[], ["gap null null"]]) {
      await all.socket.present({});
      const path = "/api/v1/subscriptions/devices/a%20lamp/notifications";
      assert.deepEqual(parametersOf(all.socket), [["POST", path, { notifications: ["A", "B"] }]]);
      await all.socket.answer(DONE, {});
      assert.deepEqual(all.told, expected);
      await all.socket.lose();
      await all.clock.advance(1000);
    }
    await all.socket.present({});
    await all.socket.answer({ result: "Not authorised" }, {});
    assert.equal(all.client.state, "refused");
  },

  async doublesWithinOneDevice() {
    const stream = new Stream();
    [...stream.begin({ features: OFFERED.features })];
    stream.ready();
    stream.answered(stream.add(null, ["*"]), { epoch: "e", eventId: 5 });
    const count = (...given) => stream.received(notification(...given)).length;
    assert.deepEqual([count(10, 6, "m"), count(8, 8, "m"), count(10, 9, "m"), count(10, 9, "m")], [1, 1, 1, 0]);
  },

  async wishesOnTheWay() {
    const all = start();
    all.client.connect();
    await all.socket.present();
    await all.socket.answer({});
    const subscribed = all.client.subscribe("On", { detail: "full" });
    await all.socket.answer({ ...DONE, epoch: "e", eventId: 3, devicesStatus: [] });
    await subscribed;
    assert.deepEqual(parametersOf(all.socket).slice(1), [["POST", `${ALL}?detail=full`, { notifications: ["On"], snapshot: true }]]);
    await all.socket.lose();
    await all.client.subscribe("Off");
    await all.client.subscribe("*", { device: "x" });
    await all.client.unsubscribe("Off", { device: "x" });
    await all.clock.advance(1000);
    await all.socket.present();
    for (let number = 0; number < 4; number++) await all.socket.answer({ ...DONE, epoch: "e", eventId: 3, resume: "complete", devicesStatus: [] });
    const since = { epoch: "e", cursor: 3 };
    assert.deepEqual(parametersOf(all.socket).slice(1), [
      ["POST", `${ALL}?detail=full`, { notifications: ["On", "Off"], since, snapshot: true }],
      ["POST", "/api/v1/subscriptions/devices/x/notifications", { notifications: ["*"], snapshot: true }],
      ["DELETE", "/api/v1/subscriptions/devices/x/notifications/Off", undefined],
    ]);
    assert.equal(all.client.state, "connected");
  },

  async requests() {
    const all = await connected({ requestTimeout: 100 });
    const good = all.client.request("GET", "/a");
    const bad = assert.rejects(all.client.request("PUT", "/b", { value: 1 }), (error) => (
      error instanceof Refused && error.status === 422 && error.code === "out_of_range" && error.message === "too much"));
    const silent = assert.rejects(all.client.request("GET", "/c"), (error) => (
      error instanceof NotReachable && error.sent && /no answer to GET \/c/.test(error.message)));
    await all.socket.answer({ x: 1 });
    await all.socket.answer({ result: "x" }, { status: 422, error: { code: "out_of_range", message: "too much" } });
    assert.deepEqual(await good, { x: 1 });
    await bad;
    await all.clock.advance(100);
    await silent;
    const lost = assert.rejects(all.client.request("GET", "/d"), (error) => error.sent);
    await all.socket.lose();
    await lost;
    await assert.rejects(all.client.request("GET", "/e"), (error) => error instanceof NotReachable && !error.sent);
  },

  async backOff() {
    const all = await connected();
    for (const seconds of [0.5, 1, 2, 4, 8, 16, 30, 30]) {
      await all.socket.lose();
      assert.equal(all.states.at(-1), `waiting ${seconds}`);
      await all.clock.advance(seconds * 1000 - 1);
      const before = all.sockets.length;
      await all.clock.advance(1);
      assert.equal(all.sockets.length, before + 1);
    }
    await all.socket.lose();
    all.client.hurry();
    await all.socket.present();
    await all.socket.answer({});
    await all.socket.answer({ ...DONE, epoch: "e", eventId: 3, resume: "complete" });
    await all.clock.advance(10_000);
    await all.socket.lose();
    assert.equal(all.states.at(-1), "waiting 0.5");
    assert.equal(all.clock.timers.size, 1);
  },

  async silence() {
    const all = await connected();
    await all.clock.advance(30_000);
    assert.equal(all.socket.sent.at(-1).endPoint, "/api/v1/ping");
    await all.socket.answer({ result: "pong" });
    await all.clock.advance(39_999);
    assert.equal(all.client.state, "connected");
    await all.clock.advance(1);
    assert.deepEqual([all.states.at(-1).split(" ")[0], all.socket.closed], ["waiting", true]);
  },

  async rarelyTold() {
    const all = await connected();
    await all.clock.advance(30_000);
    await all.socket.answer({ result: "pong", epoch: "e", cursor: 9 });
    await all.clock.advance(15_000); // among answers of other kinds, too
    all.client.request("GET", "/a");
    await all.socket.answer({});
    await all.clock.advance(15_000);
    assert.equal(all.socket.sent.at(-1).endPoint, "/api/v1/ping");
    await all.socket.answer({ result: "pong", epoch: "e", cursor: 12 });
    await all.socket.lose();
    await all.clock.advance(500);
    await all.socket.present();
    await all.socket.answer({});
    assert.deepEqual(all.socket.sent[1].parameters.since, { epoch: "e", cursor: 12 });
  },

  async noPresentation() {
    const all = start();
    all.client.connect();
    await all.clock.advance(10_000);
    assert.equal(all.states.at(-1), "waiting 0.5");
    assert.equal(all.socket.closed, true);
    all.socket.tell({ messageType: "presentation", clientId: "late" });
    assert.equal(all.client.state, "waiting");
  },

  async closed() {
    const all = await connected();
    const waiting = assert.rejects(all.client.request("GET", "/a"), NotReachable);
    all.client.close();
    await waiting;
    assert.deepEqual([all.states.at(-1), all.clock.timers.size, all.socket.closed], ["closed", 0, true]);
    await all.socket.lose();
    assert.equal(all.client.state, "closed");
    all.client.connect();
    assert.equal(all.sockets.length, 2);
  },

  async refusedThenBusy() {
    const all = start();
    all.client.subscribe();
    all.client.connect();
    await all.socket.present({});
    await all.socket.answer({ result: "x" }, { status: 503 });
    assert.equal(all.client.state, "waiting");
    await all.clock.advance(500);
    await all.socket.present({});
    await all.socket.answer({ result: "x" }, { status: 403 });
    assert.deepEqual([all.client.state, all.clock.timers.size], ["refused", 0]);
  },

  async saysWho() {
    const all = start({ token: "t" });
    all.client.subscribe();
    all.client.connect();
    await all.socket.present({ ...OFFERED, authenticated: false });
    assert.equal(all.socket.protocols, undefined);
    assert.deepEqual(parametersOf(all.socket), [["PUT", "/api/v1/session", { token: "t" }]]);
    await all.socket.answer({ features: [], authenticated: true });
    await all.socket.answer({ features: [] });
    await all.socket.answer({ ...DONE, epoch: "e", eventId: 3, devicesStatus: [] });
    assert.equal(all.client.state, "connected");
    all.socket.onclose({ code: 1008, reason: "the token has ended" });
    assert.deepEqual([all.client.state, all.clock.timers.size], ["refused", 0]);
    // Somebody else sees something else: there is no going on from where the one before was.
    all.client.token = "u";
    all.client.connect();
    await all.socket.present({ ...OFFERED, authenticated: false });
    await all.socket.answer({ features: [], authenticated: true });
    await all.socket.answer({ features: [] });
    assert.deepEqual(all.socket.sent[0].parameters, { token: "u" });
    assert.deepEqual(all.socket.sent[2].parameters, { notifications: ["*"], snapshot: true });
    all.socket.answer({ ...DONE, epoch: "e", eventId: 3, devicesStatus: [{ id: "lamp" }] });
    assert.deepEqual(all.told, ["snapshot", "lamp"]);
  },

  async wrongToken() {
    let about = null;
    const all = start({ token: "t", onState: (state, more) => { about = more; } });
    all.client.connect();
    await all.socket.present({ ...OFFERED, authenticated: false });
    await all.socket.answer({ result: "Not authorised" }, { status: 401, error: { code: "unauthorized", message: "no" } });
    assert.deepEqual([all.client.state, about.reason.status, about.reason.message], ["refused", 401, "no"]);
    assert.equal(all.socket.closed, true);
  },

  async oldGatewayIsToldNoToken() {
    const all = start({ token: "t" });
    all.client.connect();
    await all.socket.present({});
    assert.deepEqual([all.client.state, all.socket.sent], ["connected", []]);
  },

  async events() {
    const told = [];
    const all = start({ onEvent: ({ event, eventId, cursor }) => told.push([event.kind, eventId, cursor]) });
    all.client.subscribe();
    all.client.connect();
    await all.socket.present({ ...OFFERED, features: [...OFFERED.features, "events"] });
    assert.deepEqual(all.socket.sent[0].parameters, { features: ["batch", "eventId", "events", "gap"] });
    await all.socket.answer({ features: [] });
    await all.socket.answer({ ...DONE, epoch: "e", eventId: 3, devicesStatus: [] });
    const staled = { messageType: "event", eventId: 4, cursor: 3, event: { kind: "valueStaled", device: "lamp" } };
    all.socket.tell(staled, staled, notification(5));
    assert.deepEqual([told, all.told], [[["valueStaled", 4, 3]], ["snapshot", 5]]);
    await all.socket.lose();
    await all.clock.advance(500);
    await all.socket.present({ ...OFFERED, features: [...OFFERED.features, "events"] });
    await all.socket.answer({});
    assert.deepEqual(all.socket.sent[1].parameters.since, { epoch: "e", cursor: 5 });
  },

  async intervalRefused() {
    const all = await connected();
    const slow = all.client.subscribe("A", { devices: ["x"], minInterval: 2 });
    await all.socket.answer({ ...DONE, epoch: "e", eventId: 3, devicesStatus: [] });
    await slow;
    const slower = assert.rejects(all.client.subscribe("A", { devices: ["x"], minInterval: 5 }), Refused);
    await all.socket.answer({ result: "Registration failed" }, { status: 400 });
    await slower;
    await all.socket.lose();
    await all.clock.advance(500);
    await all.socket.present();
    for (let each = 0; each < 3; each++) await all.socket.answer({ ...DONE, epoch: "e", eventId: 3, resume: "complete" });
    assert.deepEqual(all.socket.sent.slice(1).map(({ parameters: { notifications, minInterval } }) => [notifications, minInterval]),
      [[["*"], undefined], [["A"], 2]]);
  },

  async refusedAlone() {
    const all = await connected();
    const refused = assert.rejects(all.client.subscribe("*", { device: "x" }), (error) => error.status === 400);
    await all.socket.answer({ result: "Registration failed" }, { status: 400 });
    await refused;
    const unanswered = assert.rejects(all.client.subscribe("*", { device: "y" }), NotReachable);
    await all.socket.lose();
    await unanswered;
    await all.clock.advance(500);
    await all.socket.present();
    for (let number = 0; number < 3; number++) await all.socket.answer({ ...DONE, epoch: "e", eventId: 3, resume: "complete" });
    assert.deepEqual(all.socket.sent.slice(1).map((each) => each.endPoint.split("/")[5]), ["notifications", "y"]);
  },

  async unknownOnce() {
    const all = start();
    all.client.subscribe("*", { device: "x" });
    all.client.subscribe("*", { device: "y" });
    all.client.connect();
    for (const expected of [[], ["gap null null"], ["gap null null", "gap null null"]]) {
      await all.socket.present({});
      await all.socket.answer();
      await all.socket.answer();
      assert.deepEqual(all.told, expected);
      await all.socket.lose();
      await all.clock.advance(5000);
    }
  },

  async gapBetweenTwoSubscriptions() {
    const stream = new Stream();
    stream.begin({ features: OFFERED.features });
    stream.ready();
    for (const scope of [null, "x"]) stream.answered(stream.add(scope, ["*"]), { epoch: "e", eventId: 5 });
    for (const round of [1, 2]) {
      const [, first, second] = [...stream.begin({ features: OFFERED.features })];
      assert.deepEqual(second.parameters.since, { epoch: "e", cursor: 5 }, `round ${round}`);
      stream.answered(first, { epoch: "e", eventId: 5, resume: "replay" });
      stream.received({ messageType: "gap", gap: { epoch: "e", from: 5, to: 20 } });
    }
  },

  async closedByACallback() {
    const all = await connected({ onNotification() { all.told.push("n"); all.client.close(); } });
    all.socket.tell([notification(4), notification(5)]);
    assert.deepEqual(all.told, ["lamp", "n"]);
  },

  async lostWithTheLastAnswer() {
    const all = start();
    all.client.subscribe();
    all.client.connect();
    await all.socket.present({});
    all.socket.answer();
    all.socket.lose();
    await settled();
    assert.deepEqual(all.states, ["connecting", "waiting 0.5"]);
  },

  async chance() {
    const all = start({ random: () => 0 });
    all.client.connect();
    all.client.hurry(); // there is nothing to hurry
    assert.equal(all.sockets.length, 1);
    await all.socket.lose();
    assert.equal(all.states.at(-1), "waiting 0.25");
  },

  async nonsense() {
    const all = await connected();
    const warn = console.warn;
    const warnings = [];
    console.warn = (text) => warnings.push(text);
    all.socket.onmessage({ data: "{" });
    all.socket.tell(null, 7, { messageType: "new" }, notification(4));
    console.warn = warn;
    assert.deepEqual([all.told, warnings.length], [["lamp", 4], 1]);
  },
};

let failed = 0;
for (const [name, run] of Object.entries(cases)) {
  try {
    await run();
  } catch (error) {
    failed++;
    console.log(`${name}: ${error.stack}`);
  }
}
console.log(`${Object.keys(cases).length} cases, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
