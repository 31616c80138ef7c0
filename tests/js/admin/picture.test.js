import assert from "node:assert/strict";
import { test } from "node:test";

import { Picture } from "../../../static/admin/js/picture.js";

/** @typedef {import("../../../static/admin/js/picture.js").Bitmap} Bitmap */

const settled = () => new Promise((resolve) => void setImmediate(resolve));

test("while one is decoded only the newest of the others is kept, and a broken one is skipped", async () => {
  /** @type {PromiseWithResolvers<Bitmap>[]} */
  const decoding = [];
  /** @type {number[]} */
  const asked = [];
  /** @type {string[]} */
  const done = [];
  const picture = new Picture(
    (jpeg) => {
      asked.push(jpeg[0] ?? 0);
      const result = /** @type {PromiseWithResolvers<Bitmap>} */ (Promise.withResolvers());
      decoding.push(result);
      return result.promise;
    },
    (bitmap) => void done.push(`drew ${bitmap.width}`),
  );
  /** @type {(width: number) => Bitmap} */
  const bitmap = (width) => ({ width, height: 1, close: () => void done.push(`closed ${width}`) });

  for (const number of [1, 2, 3]) picture.show(Uint8Array.of(number));
  decoding[0]?.resolve(bitmap(1));
  await settled();
  assert.deepEqual(asked, [1, 3]);
  decoding[1]?.reject(new Error("broken"));
  await settled();
  picture.show(Uint8Array.of(4));
  decoding[2]?.resolve(bitmap(4));
  await settled();
  assert.deepEqual(done, ["drew 1", "closed 1", "drew 4", "closed 4"]);
});
