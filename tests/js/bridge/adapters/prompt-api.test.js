import assert from "node:assert/strict";
import { test } from "node:test";

import { PromptApiAdapter } from "../../../../extension/bridge/adapters/prompt-api.js";
import { ask, read, readFailing } from "../../support/answers.js";

/** @typedef {import("../../../../extension/bridge/adapters/prompt-api.js").Availability} Availability */
/** @typedef {import("../../../../extension/bridge/frames.js").Message} Message */

const PNG = "data:image/png;base64,iVBORw0KGgo=";
const text = (/** @type {string} */ value) => /** @type {const} */ ({ type: "text", text: value });

/** A browser's `LanguageModel`, as the specification has it. */
class FakeModel {
  /** @type {Availability} */ state = "available";
  /** @type {Availability} */ withImages = "available";
  /** @type {any[]} */ created = [];
  /** @type {any[]} */ prompted = [];
  destroyed = 0;
  chunks = ["Hel", "lo"];
  /** @type {Error | null} */ error = null;
  overflows = false;
  /** @type {number[]} */ progress = [];

  /** @param {any} [options] */
  async availability(options) {
    return options?.expectedInputs ? this.withImages : this.state;
  }

  /** @param {any} options */
  async create(options) {
    this.created.push(options);
    if (options.monitor) {
      const monitor = new EventTarget();
      options.monitor(monitor);
      for (const loaded of this.progress) {
        monitor.dispatchEvent(Object.assign(new Event("downloadprogress"), { loaded }));
        await new Promise((resolve) => void setImmediate(resolve));
      }
      if (this.error) throw this.error;
      this.state = "available";
    }
    const session = Object.assign(new EventTarget(), {
      promptStreaming: (/** @type {any} */ prompt, /** @type {any} */ promptOptions) => {
        this.prompted.push([prompt, promptOptions]);
        if (this.overflows) session.dispatchEvent(new Event("contextoverflow"));
        return this.#stream(promptOptions.signal);
      },
      destroy: () => {
        this.destroyed += 1;
      },
    });
    return session;
  }

  /** @param {AbortSignal} signal */
  #stream(signal) {
    const { chunks, error } = this;
    return /** @type {any} */ (ReadableStream).from(
      (async function* () {
        for (const chunk of chunks) {
          signal.throwIfAborted();
          yield chunk;
        }
        if (error) throw error;
      })(),
    );
  }
}

function built() {
  const model = new FakeModel();
  return { model, adapter: new PromptApiAdapter({ languageModel: model }) };
}

/**
 * @param {PromptApiAdapter} adapter
 * @param {import("../../../../extension/bridge/frames.js").ChatRequest} request
 */
const chat = (adapter, request, signal = new AbortController().signal) => adapter.chat(request, { signal });

test("a browser without the API", async () => {
  const adapter = new PromptApiAdapter();
  assert.equal(adapter.matches(), false);
  const { state, detail } = await adapter.status();
  assert.equal(state, "unavailable");
  assert.match(String(detail), /no built-in model/);
  await assert.rejects(adapter.download(), { kind: "unsupported" });
  assert.equal((await readFailing(chat(adapter, ask("Hi")))).error.kind, "unsupported");
});

for (const [availability, state, words] of /** @type {const} */ ([
  ["unavailable", "unavailable", /does not run on this computer/],
  ["downloadable", "unavailable", /not downloaded yet/],
  ["downloading", "starting", /is downloading/],
])) {
  test(`a model that is ${availability} answers nothing and says why`, async () => {
    const { model, adapter } = built();
    model.state = availability;
    const status = await adapter.status();
    assert.equal(status.state, state);
    assert.match(String(status.detail), words);
    assert.equal(adapter.downloadable, availability === "downloadable");
    assert.equal((await readFailing(chat(adapter, ask("Hi")))).error.kind, "unsupported");
    assert.deepEqual(model.created, []);
  });
}

test("a model that is there", async () => {
  const { model, adapter } = built();
  const status = await adapter.status();
  assert.deepEqual(
    [status.state, status.models, status.limits],
    ["ready", [{ id: "built-in", name: "The browser's built-in model", owned_by: "browser" }], { concurrency: 1 }],
  );
  assert.deepEqual(status.capabilities, { images: true, system: true, json_schema: true, cancel: true });
  model.withImages = "unavailable";
  assert.equal((await adapter.status()).capabilities?.images, false);
  assert.equal(adapter.matches(), true);
});

test("a download tells how far it is", async () => {
  const { model, adapter } = built();
  model.state = "downloadable";
  model.progress = [0, 0.425];
  /** @type {string[]} */
  const told = [];
  adapter.onstatus(({ state, detail }) => void told.push(`${state}: ${detail}`));
  await adapter.download();
  assert.equal(adapter.downloadable, false);
  assert.deepEqual(told, [
    "starting: The browser is downloading its built-in model. 0 % are here.",
    "starting: The browser is downloading its built-in model. 43 % are here.",
    "ready: Answers come from the browser itself; nothing leaves this computer.",
  ]);
  assert.equal(model.destroyed, 1);
});

test("a download that the browser refuses", async () => {
  const { model, adapter } = built();
  model.state = "downloadable";
  model.progress = [0.5];
  model.error = new DOMException("a click is needed", "NotAllowedError");
  await assert.rejects(adapter.download(), { kind: "blocked" });
  assert.match(String((await adapter.status()).detail), /not downloaded yet/);
});

test("an answer is streamed, and its session ended", async () => {
  const { model, adapter } = built();
  assert.deepEqual(await read(chat(adapter, ask("Hi"))), {
    parts: [text("Hel"), text("lo")],
    finish: { finish_reason: "stop" },
  });
  assert.deepEqual(model.created[0].initialPrompts, []);
  assert.deepEqual(model.prompted[0][0], [{ role: "user", content: [{ type: "text", value: "Hi" }] }]);
  assert.equal(model.destroyed, 1);
});

test("history goes first, with one system prompt at its head", async () => {
  const { model, adapter } = built();
  /** @type {Message[]} */
  const messages = [
    { role: "user", content: [text("a")] },
    { role: "system", content: [text("Be terse.")] },
    { role: "assistant", content: [text("b")] },
    { role: "system", content: [text("Be kind.")], developer: true },
    { role: "user", content: [text("c")] },
    { role: "user", content: [text("d")] },
  ];
  await read(chat(adapter, { model: "built-in", messages }));
  assert.deepEqual(model.created[0].initialPrompts, [
    {
      role: "system",
      content: [
        { type: "text", value: "Be terse." },
        { type: "text", value: "Be kind." },
      ],
    },
    { role: "user", content: [{ type: "text", value: "a" }] },
    { role: "assistant", content: [{ type: "text", value: "b" }] },
  ]);
  assert.deepEqual(
    model.prompted[0][0].map((/** @type {any} */ { content }) => content[0].value),
    ["c", "d"],
  );
});

test("an answer that is begun is gone on with", async () => {
  const { model, adapter } = built();
  await read(
    chat(adapter, {
      model: "built-in",
      messages: [
        { role: "user", content: [text("a")] },
        { role: "assistant", content: [text("b")] },
      ],
    }),
  );
  assert.deepEqual(model.prompted[0][0], [
    { role: "assistant", content: [{ type: "text", value: "b" }], prefix: true },
  ]);
  assert.equal(model.created[0].initialPrompts.length, 1);
});

test("an answer of nothing in the history", async () => {
  const { model, adapter } = built();
  await read(
    chat(adapter, { model: "built-in", messages: [{ role: "assistant" }, { role: "user", content: [text("a")] }] }),
  );
  assert.deepEqual(model.created[0].initialPrompts, [{ role: "assistant", content: [] }]);
});

test("images are taken out of their URLs", async () => {
  const { model, adapter } = built();
  await read(
    chat(adapter, {
      model: "built-in",
      messages: [{ role: "user", content: [text("What?"), { type: "image", url: PNG }] }],
    }),
  );
  const [, picture] = model.prompted[0][0][0].content;
  assert.deepEqual(
    [picture.value.type, [...new Uint8Array(await picture.value.arrayBuffer())]],
    ["image/png", [137, 80, 78, 71, 13, 10, 26, 10]],
  );
  assert.deepEqual(model.created[0].expectedInputs, [{ type: "image" }]);
});

for (const [name, content, kind] of /** @type {const} */ ([
  ["an image elsewhere", { type: "image", url: "https://a.example/b.png" }, "unsupported"],
  ["an image that is none", { type: "image", url: "data:image/png;base64,!" }, "invalid_request"],
  ["sound", { type: "audio", data: "AAAA", format: "wav" }, "unsupported"],
])) {
  test(`${name} is refused`, async () => {
    const { adapter } = built();
    assert.equal(
      (await readFailing(chat(adapter, { model: "built-in", messages: [{ role: "user", content: [content] }] }))).error
        .kind,
      kind,
    );
  });
}

test("results of tools are refused", async () => {
  const { adapter } = built();
  assert.equal(
    (await readFailing(chat(adapter, { model: "built-in", messages: [{ role: "tool", call_id: "c", content: [] }] })))
      .error.kind,
    "unsupported",
  );
});

test("the form of the answer is asked for", async () => {
  const { model, adapter } = built();
  const schema = { type: "object", properties: { a: { type: "number" } } };
  for (const format of /** @type {const} */ ([
    { type: "json_schema", schema },
    { type: "json_schema" },
    { type: "json_object" },
    { type: "text" },
  ])) {
    await read(chat(adapter, ask("Hi", { response_format: format })));
  }
  assert.deepEqual(
    model.prompted.map(([, options]) => options.responseConstraint),
    [schema, { type: "object" }, { type: "object" }, undefined],
  );
});

test("a cancel reaches the model", async () => {
  const { model, adapter } = built();
  const controller = new AbortController();
  const answer = chat(adapter, ask("Hi"), controller.signal);
  await answer.next();
  controller.abort();
  await assert.rejects(read(answer));
  assert.equal(model.prompted[0][1].signal, controller.signal);
  assert.equal(model.destroyed, 1);
});

test("a conversation that the model begins to forget is too long", async () => {
  const { model, adapter } = built();
  model.overflows = true;
  const { parts, error } = await readFailing(chat(adapter, ask("Hi")));
  assert.deepEqual([parts, error.kind, model.destroyed], [[], "context_length_exceeded", 1]);
});

for (const [name, kind] of /** @type {const} */ ([
  ["QuotaExceededError", "context_length_exceeded"],
  ["NotSupportedError", "unsupported"],
  ["EncodingError", "invalid_request"],
  ["NotReadableError", "content_filtered"],
  ["UnknownError", "upstream"],
])) {
  test(`${name} is told as ${kind}`, async () => {
    const { model, adapter } = built();
    model.error = new DOMException("x", name);
    const { parts, error } = await readFailing(chat(adapter, ask("Hi")));
    assert.deepEqual([parts.length, error.kind], [2, kind]);
  });
}

test("whatever else is thrown is named by its type", async () => {
  const { model, adapter } = built();
  model.error = /** @type {any} */ ("broken");
  assert.equal((await readFailing(chat(adapter, ask("Hi")))).error.message, "The built-in model failed with string.");
});
