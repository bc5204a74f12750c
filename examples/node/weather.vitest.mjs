// OPENAI_BASE_URL=http://127.0.0.1:8080/v1 npm run vitest, against the same server at the same time
import { expect, test } from "vitest";
import { session } from "./mock.mjs";
import { answer } from "./weather.mjs";

test("it calls the tool", async () => {
  const { client, requests } = session("vitest-calm");
  expect(await answer("What's the weather in Paris?", client)).toBe("It is 21 degrees in Paris.");
  expect(await requests()).toHaveLength(2);
});

test.each(["overloaded", "reset"])("it tries again after %s", async (fault) => {
  const { client, breakAt, requests } = session(`vitest-${fault}`);
  await breakAt({ turn: 1 }, fault);
  expect(await answer("What's the weather in Paris?", client)).toBe("It is 21 degrees in Paris.");
  expect(await requests()).toHaveLength(3);
});
