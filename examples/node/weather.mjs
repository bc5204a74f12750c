// The program under test: one question, one tool. It takes the API's address from OPENAI_BASE_URL.
import OpenAI from "openai";

const tools = [
  {
    type: "function",
    name: "get_weather",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
];

function getWeather({ city }) {
  return `21 degrees in ${city}`;
}

export async function answer(question, client = new OpenAI()) {
  let response = await client.responses.create({ model: "gpt-5.4", input: question, tools });
  for (const item of response.output.filter((item) => item.type === "function_call")) {
    const output = getWeather(JSON.parse(item.arguments));
    response = await client.responses.create({
      model: "gpt-5.4",
      input: [{ type: "function_call_output", call_id: item.call_id, output }],
      previous_response_id: response.id,
      tools,
    });
  }
  return response.output_text;
}
