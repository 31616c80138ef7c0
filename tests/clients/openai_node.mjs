// Runs one case with the official OpenAI SDK for Node and prints what came of it as one line of JSON.
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.env.BASE_URL, apiKey: process.env.API_KEY, maxRetries: 0 });
const messages = (content) => [{ role: "user", content }];
const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const asked = [];
const weather = {
  type: "function",
  function: {
    name: "get_weather",
    description: "The weather in a city",
    parameters,
    parse: JSON.parse,
    function: ({ city }) => {
      asked.push(city);
      return "rain";
    },
  },
};

const cases = {
  async stream() {
    const stream = client.chat.completions.stream({ model: "ollama:ollama/think", messages: messages("Hi") });
    let text = "";
    stream.on("content", (delta) => (text += delta));
    const { choices } = await stream.finalChatCompletion();
    return { text, content: choices[0].message.content, finish_reason: choices[0].finish_reason };
  },
  async runTools() {
    const runner = client.chat.completions.runTools({
      model: "tool",
      stream: true,
      messages: messages("Oslo"),
      tools: [weather],
    });
    const content = await runner.finalContent();
    return { asked, content, roles: runner.messages.map(({ role }) => role) };
  },
  async whole() {
    const { choices, usage } = await client.chat.completions.create({
      model: "ollama:ollama/plain",
      messages: messages("Hi"),
    });
    return { content: choices[0].message.content, total_tokens: usage.total_tokens };
  },
  async refused() {
    return client.chat.completions.create({ model: "limited", messages: messages("Hi") }).then(
      () => ({}),
      (error) => ({ name: error.constructor.name, status: error.status, code: error.code }),
    );
  },
  async broken() {
    const stream = client.chat.completions.stream({ model: "truncated", messages: messages("Hi") });
    return stream.finalChatCompletion().then(
      () => ({}),
      (error) => ({ name: error.constructor.name, code: error.code }),
    );
  },
};

console.log(JSON.stringify(await cases[process.argv[2]]()));
