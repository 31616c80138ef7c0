"""The sign-in page: a stand-in for Puter's own, which speaks the same messages to the window that opened it."""

from __future__ import annotations

import json

_PAGE = """<!doctype html>
<html lang="en">
<title>Sign in (emulated)</title>
<link rel="icon" href="data:,">
<h1>Sign in to continue</h1>
<p>This page stands in for Puter's sign-in page in tests.</p>
<button id="allow">Allow</button>
<button id="cancel">Cancel</button>
<script>
  const { msg_id, token, mode } = $FACTS;
  const allow = () => {
    const facts = { success: true, token, username: "emulated_user", app_uid: "app-emulated" };
    window.opener.postMessage({ msg: "puter.token", msg_id, ...facts }, "*");
    // The SDK looks every 100 ms whether the window is closed; on a busy machine it would see that before the message.
    setTimeout(() => window.close(), 1000);
  };
  document.getElementById("allow").onclick = allow;
  document.getElementById("cancel").onclick = () => window.close();
  if (mode === "at once") allow();
  if (mode === "cancel") window.close();
</script>
"""


def sign_in_page(message_id: str, token: str, mode: str) -> str:
    """The page for one popup; `message_id` ties its answer to the attempt that opened it."""
    facts = json.dumps({"msg_id": message_id, "token": token, "mode": mode}).replace("<", "\\u003c")
    return _PAGE.replace("$FACTS", facts)
