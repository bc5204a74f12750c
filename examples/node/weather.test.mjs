// mock-openai serve --port 8080 --script replies.yaml
// OPENAI_BASE_URL=http://127.0.0.1:8080/v1 npm test
import assert from "node:assert/strict";
import { test } from "node:test";
import { session } from "./mock.mjs";
import { answer } from "./weather.mjs";

test("it calls the tool", async () => {
  const { client, requests } = session("node-calm");
  assert.equal(await answer("What's the weather in Paris?", client), "It is 21 degrees in Paris.");
  assert.equal((await requests()).length, 2);
});

for (const fault of ["overloaded", "reset"]) {
  test(`it tries again after ${fault}`, async () => {
    const { client, breakAt, requests } = session(`node-${fault}`);
    await breakAt({ turn: 1 }, fault);
    assert.equal(await answer("What's the weather in Paris?", client), "It is 21 degrees in Paris.");
    assert.equal((await requests()).length, 3);
  });
}
