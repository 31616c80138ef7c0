// Runs one case with the official Anthropic SDK for Node and prints what came of it as one line of JSON.
import Anthropic from "@anthropic-ai/sdk";
import { betaTool } from "@anthropic-ai/sdk/helpers/beta/json-schema";
import { jsonSchemaOutputFormat } from "@anthropic-ai/sdk/helpers/json-schema";

const client = new Anthropic({ baseURL: process.env.ORIGIN, apiKey: process.env.API_KEY, maxRetries: 0 });
const ask = (model, content, more = {}) => ({ model, max_tokens: 100, messages: [{ role: "user", content }], ...more });
const textOf = ({ content }) =>
  content
    .filter(({ type }) => type === "text")
    .map(({ text }) => text)
    .join("");
const schema = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
const source = { type: "base64", media_type: "image/gif", data: process.env.PIXEL };

const cases = {
  async whole() {
    const answer = await client.messages.create(ask("ollama:ollama/plain", "Hi"));
    return { text: textOf(answer), stop_reason: answer.stop_reason };
  },
  async stream() {
    const stream = client.messages.stream(ask("ollama:ollama/think", "Hi"));
    let text = "";
    stream.on("text", (delta) => (text += delta));
    const answer = await stream.finalMessage();
    return { text, content: textOf(answer), thinking: answer.content[0].thinking, stop_reason: answer.stop_reason };
  },
  async toolRunner() {
    const asked = [];
    const weather = betaTool({
      name: "get_weather",
      description: "The weather in a city",
      inputSchema: schema,
      run: ({ city }) => {
        asked.push(city);
        return "rain";
      },
    });
    const answer = await client.beta.messages.toolRunner(ask("tool", "Oslo", { tools: [weather], stream: true }));
    return { asked, text: textOf(answer) };
  },
  async vision() {
    return { text: textOf(await client.messages.create(ask("look", [{ type: "image", source }]))) };
  },
  async schema() {
    const output_config = { format: jsonSchemaOutputFormat(schema) };
    const answer = await client.messages.parse(ask("fenced", "Hi", { output_config }));
    return { parsed: answer.parsed_output };
  },
  async refused() {
    return client.messages.create(ask("moderated", "Hi")).then(
      () => ({}),
      (error) => ({ name: error.constructor.name, status: error.status, type: error.type }),
    );
  },
  async broken() {
    const stream = client.messages.stream(ask("truncated", "Hi"));
    return stream.finalMessage().then(
      () => ({}),
      (error) => ({ name: error.constructor.name, type: error.type }),
    );
  },
  async cancelled() {
    const stream = client.messages.stream(ask("held", "parts=2"));
    stream.on("text", (_, text) => text === process.env.PIECES && stream.abort());
    return stream.finalMessage().then(
      () => ({}),
      (error) => ({ name: error.constructor.name }),
    );
  },
};

console.log(JSON.stringify(await cases[process.argv[2]]()));
