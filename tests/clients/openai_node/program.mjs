// A user's program on the Node client, unchanged but for URL and key, which it finds in its environment.
// It prints what it was told, as one JSON object.

import OpenAI from "openai";
import { ResponsesWS } from "openai/resources/responses/ws";

const model = "gpt-4.1";
const weather = "What is the weather in Paris?";
const tools = [
  {
    type: "function",
    name: "get_weather",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
];
const client = new OpenAI({ maxRetries: 0 });
const told = {};

async function error(asked) {
  try {
    await asked();
  } catch (raised) {
    return `${raised.constructor.name} ${raised.status} ${raised.code}`;
  }
  return "nothing was raised";
}

const call = await client.responses.create({ model, input: weather, tools });
const [wanted] = call.output;
const output = { type: "function_call_output", call_id: wanted.call_id, output: "21" };
const answer = await client.responses.create({ model, input: [output], previous_response_id: call.id, tools });
told["call"] = [wanted.name, wanted.arguments];
told["tool loop"] = answer.output_text;

const stream = client.responses.stream({ model, input: "And again?", previous_response_id: answer.id });
let deltas = "";
stream.on("response.output_text.delta", (event) => (deltas += event.delta));
told["streamed"] = (await stream.finalResponse()).output_text;
told["its deltas"] = deltas;

told["unknown parent"] = await error(() =>
  client.responses.create({ model, input: "Hm?", previous_response_id: "resp_x" }),
);
told["unknown model"] = await error(() => client.responses.create({ model: "no-such-model", input: "Hm?" }));
const stranger = new OpenAI({ apiKey: "sk-wrong-key-altogether", maxRetries: 0 });
told["wrong key"] = await error(() => stranger.responses.create({ model, input: "Hm?" }));

const socket = new ResponsesWS(client);
const events = [];
let arrived = () => {};
socket.on("event", (event) => {
  events.push(event);
  arrived();
});
socket.on("error", (raised) => raised.error || fail(raised)); // an error that came as an event is among the events

function fail(raised) {
  console.error(raised);
  process.exit(1);
}

async function ask(asked) {
  const from = events.length;
  socket.send({ type: "response.create", model, store: false, ...asked });
  for (;;) {
    const last = events.slice(from).find((event) => ["response.completed", "error"].includes(event.type));
    if (last) return last;
    await new Promise((resolve) => (arrived = resolve));
  }
}

const first = await ask({ input: "Hello." });
told["socket begins"] = events.slice(0, 2).map((event) => event.type);
const second = await ask({ input: "And again?", previous_response_id: first.response.id });
told["socket chain"] = second.response.output[0].content[0].text;
told["socket, unknown parent"] = (await ask({ input: "Hm?", previous_response_id: "resp_x" })).error.code;
told["socket, afterwards"] = (await ask({ input: "Hello." })).type;
socket.close();

console.log(JSON.stringify(told));
