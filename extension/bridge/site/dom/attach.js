/** Hanging files on a message: through the file input of the page, or pasted, or dropped. */

import { AdapterError } from "../../adapter.js";
import { all, enabled, seen } from "./select.js";
import { windowOf } from "./watch.js";

/**
 * @typedef {import("./description.js").DomDescription} DomDescription
 * @typedef {import("./watch.js").Watch} Watch
 * @typedef {import("./composer.js").Composer} Composer
 * @typedef {{name: string, type: string, bytes: Uint8Array<ArrayBuffer>}} Attachment
 */

const NOTICES_MS = 5000;
const UPLOADS_MS = 120_000;
const SETTLES_MS = 300;
const DATA_URL = /^data:([^;,]*)((?:;[^;,]*)*),(.*)$/s;

/**
 * The file that is in an image or file of a request.
 * @param {import("../../frames.js").ImageContent | import("../../frames.js").FileContent} content
 * @returns {Attachment}
 */
export function attachmentOf(content) {
  const url = content.type === "image" ? content.url : (content.data ?? "");
  const [, type = "", parameters = "", data = ""] = DATA_URL.exec(url) ?? [];
  if (!DATA_URL.test(url))
    throw new AdapterError("unsupported", "A file for this site must come with the request, as a data: URL.");
  const base64 = /;base64$/i.test(parameters);
  return { name: nameOf(content, type), type: type || "text/plain", bytes: base64 ? decode(data) : encoded(data) };
}

/**
 * Attach `files`, and wait until the page has taken them all.
 * @param {readonly Attachment[]} files
 * @param {{document: Document, dom: DomDescription, composer: Composer, watch: Watch, signal: AbortSignal}} page
 */
export async function attach(files, { document, dom, composer, watch, signal }) {
  if (files.length === 0) return;
  const before = all(document, dom.attachment).length;
  let changes = 0;
  const end = watch.listen((records) => void (changes += records.length));
  try {
    handOver(files, { document, dom, composer });
    const noticed = () => (dom.attachment ? all(document, dom.attachment).length >= before + files.length : changes > 0);
    if (!(await watch.until(noticed, { ms: NOTICES_MS, signal })))
      throw new AdapterError("site_changed", "The page did not take the attached file.");
  } finally {
    end();
  }
  await watch.still(document, { ms: SETTLES_MS, atMost: NOTICES_MS, signal });
  if (!(await watch.until(() => !seen(document, dom.uploading), { ms: UPLOADS_MS, signal })))
    throw new AdapterError("upstream", "The upload of a file to the site did not end.");
}

/**
 * @param {readonly Attachment[]} files
 * @param {{document: Document, dom: DomDescription, composer: Composer}} page
 */
function handOver(files, { document, dom, composer }) {
  const { DataTransfer, File, Event } = windowOf(document);
  const transfer = new DataTransfer();
  for (const { name, type, bytes } of files) transfer.items.add(new File([bytes], name, { type }));
  const input = /** @type {HTMLInputElement | undefined} */ (all(document, dom.file_input).find(enabled));
  if (input) {
    input.files = transfer.files;
    for (const event of ["input", "change"]) input.dispatchEvent(new Event(event, { bubbles: true, composed: true }));
    return;
  }
  const target = composer.find();
  if (dom.file_input || !target) throw new AdapterError("site_changed", "The page has no place for files any more.");
  pasteOrDrop(target, transfer);
}

/**
 * @param {HTMLElement} target
 * @param {DataTransfer} transfer
 */
function pasteOrDrop(target, transfer) {
  const { ClipboardEvent, DragEvent } = windowOf(target.ownerDocument);
  const init = { bubbles: true, cancelable: true, composed: true };
  target.focus();
  if (!target.dispatchEvent(new ClipboardEvent("paste", { ...init, clipboardData: transfer }))) return;
  for (const step of ["dragenter", "dragover", "drop"])
    target.dispatchEvent(new DragEvent(step, { ...init, dataTransfer: transfer }));
}

/**
 * @param {import("../../frames.js").ImageContent | import("../../frames.js").FileContent} content
 * @param {string} type
 */
function nameOf(content, type) {
  if (content.type === "file" && content.name) return content.name;
  const [, ending = "bin"] = /^\w+\/([\w-]+)/.exec(type) ?? [];
  return `${content.type}.${ending === "plain" ? "txt" : ending}`;
}

/** @param {string} base64 */
function decode(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** @param {string} text */
function encoded(text) {
  return new TextEncoder().encode(decodeURIComponent(text));
}
