// Runs one case of the Responses API with the official OpenAI SDK for Node and prints what came of it as a line of JSON.
import OpenAI from "openai";

const { responses } = new OpenAI({ baseURL: process.env.BASE_URL, apiKey: process.env.API_KEY, maxRetries: 0 });
const schema = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
const tools = [{ type: "function", name: "get_weather", parameters: schema, strict: true }];
const image = { type: "input_image", image_url: `data:image/gif;base64,${process.env.PIXEL}`, detail: "auto" };

const cases = {
  async whole() {
    const answer = await responses.create({ model: "ollama:ollama/plain", input: "Hi" });
    return { text: answer.output_text, status: answer.status, total_tokens: answer.usage.total_tokens };
  },
  async stream() {
    const stream = responses.stream({ model: "ollama:ollama/think", input: "Hi" });
    const kinds = new Set();
    for await (const { type } of stream) kinds.add(type);
    const answer = await stream.finalResponse();
    return { text: answer.output_text, items: answer.output.map(({ type }) => type), last: [...kinds].at(-1) };
  },
  async tools() {
    const first = await responses.stream({ model: "tool", input: "Oslo", tools }).finalResponse();
    const { name, call_id, arguments: json } = first.output.find(({ type }) => type === "function_call");
    const input = [{ type: "function_call_output", call_id, output: "rain" }];
    const second = await responses.create({ model: "tool", input, tools, previous_response_id: first.id });
    return { name, arguments: JSON.parse(json), text: second.output_text };
  },
  async vision() {
    const input = [{ role: "user", content: [{ type: "input_text", text: "What is it?" }, image] }];
    return { text: (await responses.create({ model: "look", input })).output_text };
  },
  async schema() {
    const format = { type: "json_schema", name: "weather", schema, strict: true };
    const answer = await responses.parse({ model: "fenced", input: "Hi", text: { format } });
    return { parsed: answer.output_parsed };
  },
  async refused() {
    return responses.create({ model: "moderated", input: "Hi" }).then(
      () => ({}),
      (error) => ({ name: error.constructor.name, status: error.status, code: error.code }),
    );
  },
  async broken() {
    return responses
      .stream({ model: "truncated", input: "Hi" })
      .finalResponse()
      .then(
        () => ({}),
        (error) => ({ name: error.constructor.name, code: error.code }),
      );
  },
  async cancelled() {
    const stream = await responses.create({ model: "held", input: "parts=2", stream: true });
    let text = "";
    for await (const event of stream) {
      if (event.type === "response.output_text.delta") text += event.delta;
      if (text === process.env.PIECES) stream.controller.abort();
    }
    return { aborted: stream.controller.signal.aborted };
  },
};

console.log(JSON.stringify(await cases[process.argv[2]]()));
