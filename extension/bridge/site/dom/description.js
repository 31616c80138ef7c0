/**
 * What the DOM way must be told of a site: the part `dom` of a site description, and the parts of its neighbours that
 * are read off the page too.
 *
 * Every selector is CSS; `host >>> inner` goes through the open shadow root of what `host` finds.
 */

/**
 * @typedef {object} ModelPicker
 * @property {string} [open]  What is clicked to see the models; without it they are always to be seen.
 * @property {string} option  Every model; a `<select>` is one too.
 * @property {string} [id]  The attribute of an option that names the model; without it the option's text does.
 * @property {string} [current]  What shows the chosen model.
 *
 * @typedef {object} DomDescription
 * @property {string} composer  Where a person writes.
 * @property {string | null} [send]  The button; without it Enter sends.
 * @property {string | null} [stop]  The button that is there while an answer is written.
 * @property {string | null} [busy]  Anything else that is there while an answer is written.
 * @property {string} answer  Every answer; the last one counts.
 * @property {string | null} [question]  Every message of the person; makes the search for the answer certain. As `answer` where both look alike.
 * @property {string | null} [thinking]  Inside or beside an answer: what was thought before it.
 * @property {string | null} [ignore]  Inside an answer: what is not part of its text.
 * @property {string | null} [error]  What tells that an answer failed.
 * @property {string | null} [file_input]  The `input[type=file]`; without it files are pasted.
 * @property {string | null} [uploading]  What is there while a file goes up.
 * @property {string | null} [attachment]  Every file that hangs on the message to be sent.
 * @property {ModelPicker | null} [model_picker]
 * @property {number} [quiet_ms]  How long nothing may change before an answer counts as whole (1000);
 *   three times as long on pages that do not show that they are writing.
 * @property {number} [start_ms]  How long the site may take to begin an answer (180,000).
 *
 * @typedef {{click: string} | {url: string}} Opening  How a chat is opened.
 * @typedef {object} ConversationDescription
 * @property {Opening | null} [new]
 * @property {Opening & {on?: string} | null} [temporary]  `on` is there while the temporary chat is switched on;
 *   without it the switch is pressed for every new chat.
 *
 * @typedef {"captcha" | "consent" | "limit" | "verification"} BlockedReason
 * @typedef {{selector: string, reason: BlockedReason, detail?: string}} BlockedDescription
 * @typedef {{in?: string, out?: string}} LoginDescription
 */

export {};
