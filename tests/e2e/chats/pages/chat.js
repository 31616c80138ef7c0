// What all the chats share: asking the model, and a list of messages.

/** @param {(event: {text?: string, thinking?: string, trouble?: string}) => void} onevent */
export async function ask(body, onevent, signal) {
  const response = await fetch("/answer", { method: "POST", body: JSON.stringify(body), signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) onevent(JSON.parse(line));
  }
}

/** @param {string} className */
export function element(className, parent, name = "div") {
  const made = document.createElement(name);
  made.className = className;
  parent?.append(made);
  return made;
}

export const markdown = (text) => globalThis.marked.parse(text, { gfm: true });

/** A banner as sites show one in the middle of an answer. */
export function trouble(kind, parent) {
  element(`trouble ${kind}`, parent).textContent = { error: "Something went wrong.", captcha: "Are you human?", limit: "Limit reached." }[kind];
}
