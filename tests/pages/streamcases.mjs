// Does what the Python client's stream was made to do, and says where dog-client.js does something else.
// node streamcases.mjs PATH-OF-MODULE < a JSON list of recordings, each a list of [what, argument, result]
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { Stream } = await import(pathToFileURL(process.argv[2]));
const plain = ({ action, endPoint, parameters }) => [action, endPoint, parameters ?? null];

/** As the recording names what is told. */
const toldOf = (told) => told.map(([name, about]) => {
  if (name === "onNotification") return ["notification", about.eventId ?? null];
  if (name === "onEvent") return ["event", about.eventId ?? null];
  return name === "onGap" ? ["gap", about.from, about.to] : ["snapshot", about];
});

let steps = 0;
for (const [number, recording] of JSON.parse(readFileSync(0, "utf8")).entries()) {
  const stream = new Stream();
  const requests = [];
  const added = []; // requests of add
  const asked = (request) => { requests.push(request); return plain(request); };
  for (const [what, argument, expected] of recording) {
    const result = {
      begin: () => [...stream.begin(argument)].map(asked),
      add: () => { added.push(stream.add(...argument)); return asked(added.at(-1)); },
      drop: () => stream.drop(added[argument]) ?? null,
      settle: () => stream.settle(added[argument]) ?? null,
      ping: () => asked({ action: "GET", endPoint: "/api/v1/ping" }),
      remove: () => asked(stream.remove(...argument)),
      answered: () => toldOf(stream.answered(requests[argument[0]], argument[1])),
      ready: () => stream.ready() ?? null,
      received: () => toldOf(stream.received(argument)),
    }[what]();
    const position = stream.position ? [stream.position.epoch, stream.position.cursor] : null;
    assert.deepEqual([result, position, stream.numbered], expected, `recording ${number}: ${what} ${JSON.stringify(argument)}`);
    steps++;
  }
}
console.log(`${steps} steps`);
