// Runs one case with the official Google SDK for Node and prints what came of it as one line of JSON.
import { GoogleGenAI } from "@google/genai";

const { models } = new GoogleGenAI({ apiKey: process.env.API_KEY, httpOptions: { baseUrl: process.env.ORIGIN } });
const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const weather = { name: "get_weather", description: "The weather in a city", parametersJsonSchema: schema };
const inlineData = { mimeType: "image/gif", data: process.env.PIXEL };
const told = ({ name, message }) => {
  // In a stream the SDK writes a few words before the JSON.
  const { code, status } = JSON.parse(message.slice(message.indexOf("{"))).error;
  return { name, code, status };
};

const cases = {
  async whole() {
    const answer = await models.generateContent({ model: "ollama:ollama/plain", contents: "Hi" });
    return { text: answer.text, totalTokens: answer.usageMetadata.totalTokenCount };
  },
  async stream() {
    const config = { thinkingConfig: { includeThoughts: true } };
    const stream = await models.generateContentStream({ model: "ollama:ollama/think", contents: "Hi", config });
    const said = { thoughts: "", text: "", finishReason: undefined };
    for await (const { candidates } of stream) {
      for (const part of candidates[0].content?.parts ?? []) said[part.thought ? "thoughts" : "text"] += part.text;
      said.finishReason = candidates[0].finishReason;
    }
    return said;
  },
  async tools() {
    const contents = [{ role: "user", parts: [{ text: "Oslo" }] }];
    const config = { tools: [{ functionDeclarations: [weather] }] };
    const first = await models.generateContent({ model: "tool", contents, config });
    const [{ id, name, args }] = first.functionCalls;
    contents.push(first.candidates[0].content);
    contents.push({ role: "user", parts: [{ functionResponse: { id, name, response: { output: "rain" } } }] });
    const second = await models.generateContent({ model: "tool", contents, config });
    return { name, args, text: second.text };
  },
  async vision() {
    const contents = [{ text: "What is it?" }, { inlineData }];
    return { text: (await models.generateContent({ model: "look", contents })).text };
  },
  async schema() {
    const config = { responseMimeType: "application/json", responseJsonSchema: schema };
    const answer = await models.generateContent({ model: "fenced", contents: "Hi", config });
    return { parsed: JSON.parse(answer.text) };
  },
  async refused() {
    return models.generateContent({ model: "no-such-model", contents: "Hi" }).then(() => ({}), told);
  },
  async broken() {
    const stream = await models.generateContentStream({ model: "truncated", contents: "Hi" });
    const read = async () => {
      for await (const _ of stream);
    };
    return read().then(() => ({}), told);
  },
  async cancelled() {
    const stop = new AbortController();
    const config = { abortSignal: stop.signal };
    const stream = await models.generateContentStream({ model: "held", contents: "parts=2", config });
    let text = "";
    const read = async () => {
      for await (const chunk of stream) {
        text += chunk.text ?? "";
        if (text === process.env.PIECES) stop.abort();
      }
    };
    return read().then(
      () => ({}),
      ({ name }) => ({ name }),
    );
  },
};

console.log(JSON.stringify(await cases[process.argv[2]]()));
