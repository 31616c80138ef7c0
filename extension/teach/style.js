/** How the panel looks; it stands in a closed shadow root, where no style of the site's reaches it. */

export const STYLE = `
:host { all: initial; }
* { box-sizing: border-box; }
.catch { position: fixed; inset: 0; pointer-events: auto; cursor: crosshair; }
.catch[hidden], .outline[hidden] { display: none; }
.outline { position: fixed; border: 3px solid #3b5bdb; border-radius: 6px; background: rgb(59 91 219 / 12%); pointer-events: none; }
.panel {
  position: fixed; top: 16px; right: 16px; width: 340px; max-width: calc(100vw - 32px); max-height: calc(100vh - 32px);
  overflow: auto; pointer-events: auto; padding: 14px 16px 12px; border: 1px solid #ced4da; border-radius: 12px;
  background: #fff; color: #1b1e23; box-shadow: 0 8px 30px rgb(0 0 0 / 25%);
  font: 14px/1.45 system-ui, sans-serif; text-align: left; direction: ltr;
}
.panel.left { right: auto; left: 16px; }
.panel.bottom { top: auto; bottom: 16px; }
header { display: flex; align-items: center; gap: 4px; color: #5c6370; font-size: 12px; }
header span { flex: 1; }
h2 { margin: 8px 0 4px; font-size: 16px; line-height: 1.3; }
p { margin: 0 0 8px; white-space: pre-line; }
pre {
  margin: 0 0 8px; padding: 8px; max-height: 140px; overflow: auto; border-radius: 6px; background: #f1f3f5;
  font: 12px/1.4 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere;
}
pre:empty, p:empty { display: none; }
.choices { display: flex; flex-wrap: wrap; gap: 6px; }
button {
  font: inherit; padding: 5px 12px; border: 1px solid #adb5bd; border-radius: 8px; background: #fff; color: inherit; cursor: pointer;
}
button.primary { border-color: #3b5bdb; background: #3b5bdb; color: #fff; }
header button { padding: 1px 7px; border-color: transparent; font-size: 13px; }
button:hover { filter: brightness(0.95); }
button:focus-visible { outline: 2px solid #3b5bdb; outline-offset: 2px; }
@media (prefers-color-scheme: dark) {
  .panel { background: #212529; color: #f1f3f5; border-color: #495057; }
  header { color: #adb5bd; }
  pre { background: #343a40; }
  button { background: #343a40; border-color: #6c757d; }
  header button { background: none; }
}
`;
