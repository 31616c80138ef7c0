/**
 * Draws pictures as they come. While one is being decoded only the newest of the others is kept.
 */

/**
 * @typedef {Uint8Array<ArrayBuffer>} Jpeg
 * @typedef {{width: number, height: number, close(): void}} Bitmap
 */

export class Picture {
  /**
   * @param {(jpeg: Jpeg) => Promise<Bitmap>} decode
   * @param {(bitmap: Bitmap) => void} draw
   */
  constructor(decode, draw) {
    this.decode = decode;
    this.draw = draw;
    /** @type {Jpeg | undefined} */
    this.next = undefined;
    this.decoding = false;
  }

  /** @param {Jpeg} jpeg */
  show(jpeg) {
    this.next = jpeg;
    if (!this.decoding) void this.#work();
  }

  async #work() {
    this.decoding = true;
    while (this.next !== undefined) {
      const jpeg = this.next;
      this.next = undefined;
      try {
        const bitmap = await this.decode(jpeg);
        this.draw(bitmap);
        bitmap.close();
      } catch {
        // A broken picture: the next one replaces it.
      }
    }
    this.decoding = false;
  }
}

/** @param {HTMLCanvasElement} canvas */
export function pictureOn(canvas) {
  return new Picture(
    (jpeg) => createImageBitmap(new Blob([jpeg], { type: "image/jpeg" })),
    (bitmap) => {
      if (canvas.width !== bitmap.width) canvas.width = bitmap.width;
      if (canvas.height !== bitmap.height) canvas.height = bitmap.height;
      canvas.getContext("2d")?.drawImage(/** @type {ImageBitmap} */ (bitmap), 0, 0);
    },
  );
}
