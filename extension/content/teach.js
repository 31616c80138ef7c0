// Begins a lesson in the isolated world: the person shows relay this site, and the worker keeps what came of it.
void (async () => {
  const { teach } = await import(chrome.runtime.getURL("teach/start.js"));
  const { previous } = await chrome.runtime.sendMessage({ type: "lesson" });
  await teach({
    ...(previous ? { previous } : {}),
    save: async (/** @type {unknown} */ description) => {
      const { error } = await chrome.runtime.sendMessage({ type: "taught", description });
      if (error) throw new Error(error);
    },
  });
  await chrome.runtime.sendMessage({ type: "over" });
})();
