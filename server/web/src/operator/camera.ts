/**
 * A QR code before the phone's camera: pictures are looked at until one of them holds a code.
 *
 * jsQR reads them in every browser; it is loaded with this module, when somebody scans. What is seen
 * stays in the page.
 */

import jsQR from "jsqr";

/** Wide enough for a label at arm's length, small enough for five looks a second on an old phone. */
const WIDTH = 640;

export const LOOK_EVERY_MS = 200;

/** Opens the camera that looks away from the person, where there are two; rejects like `getUserMedia`. */
export function openCamera(): Promise<MediaStream> {
  return navigator.mediaDevices.getUserMedia({
    video: { facingMode: "environment", width: { ideal: 1280 } },
  });
}

/** What the picture holds now; null: no code. */
export function lookAt(video: HTMLVideoElement, canvas: HTMLCanvasElement): string | null {
  if (video.videoWidth === 0) return null;
  canvas.width = Math.min(WIDTH, video.videoWidth);
  canvas.height = Math.round((canvas.width * video.videoHeight) / video.videoWidth);
  const drawn = canvas.getContext("2d", { willReadFrequently: true });
  if (drawn === null) return null;
  drawn.drawImage(video, 0, 0, canvas.width, canvas.height);
  const { data } = drawn.getImageData(0, 0, canvas.width, canvas.height);
  return jsQR(data, canvas.width, canvas.height, { inversionAttempts: "dontInvert" })?.data ?? null;
}
