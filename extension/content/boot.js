// Begins the page-side program in the isolated world. Content scripts are classic scripts; everything else is modules.
void import(chrome.runtime.getURL("content/extension.js")).then(({ begin }) => begin());
