import assert from "node:assert/strict";
import { test } from "node:test";

import { iconOf, readIcons } from "../../../static/js/icons.js";

test("an icon that was read needs relay no more, one that was not does", async () => {
  assert.equal(iconOf("offline"), "/static/icons/offline.svg");
  await readIcons(async (address) =>
    address === "/static/icons/offline.svg" ? new Response("<svg/>") : new Response("", { status: 404 }),
  );
  assert.deepEqual([iconOf("offline"), iconOf("ready")], ["data:image/svg+xml,%3Csvg%2F%3E", "/static/icons/ready.svg"]);
});
