// A session of the mock server for each test: rules, faults and a journal of its own, on a server that all share.
import OpenAI from "openai";

const control = new URL("/__mock__/", process.env.OPENAI_BASE_URL);

export function session(name) {
  async function call(path, body) {
    const url = new URL(`${path}${path.includes("?") ? "&" : "?"}session=${name}`, control);
    const how = body && { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const response = await fetch(url, how);
    if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
    return response.json();
  }
  return {
    client: new OpenAI({ apiKey: `mock-session-${name}` }),
    breakAt: (at, fault) => call("faults", { faults: [{ at, do: fault }] }),
    requests: () => call("journal?kind=request"),
  };
}
