/** Reads the code of a label with the camera, for those who would rather not type it. */

import { useEffect, useRef, useState } from "preact/hooks";
import { useWords } from "../i18n/words.ts";
import { readLabel } from "./setup_code.ts";

type Trouble = "scan.refused" | "scan.no_camera" | "scan.other";

/** Whether this page may use a camera at all: browsers give it to secure pages only. */
export function canScan(): boolean {
  return window.isSecureContext && typeof navigator.mediaDevices?.getUserMedia === "function";
}

interface Props {
  name: string;
  onCode: (code: string) => void;
  onClose: () => void;
}

/** The picture of the camera, until a label's code is seen in it. */
export function Scan({ name, onCode, onClose }: Props) {
  const { say } = useWords();
  const video = useRef<HTMLVideoElement>(null);
  const close = useRef<HTMLButtonElement>(null);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  useEffect(() => {
    close.current?.focus();
    const looking = new AbortController();
    look(video, looking.signal, (seen) => {
      if ("code" in seen) onCode(seen.code);
      else setTrouble(seen.trouble);
    }).catch((error: unknown) => setTrouble(troubleOf(error)));
    return () => looking.abort();
  }, []);
  return (
    <fieldset class="scan" aria-label={say("scan.title", { name })}>
      <video ref={video} muted playsInline aria-label={say("scan.hold")} />
      <p role="status" class={trouble === null ? "soft" : "refused"}>
        {say(trouble ?? "scan.hold")}
      </p>
      <button type="button" class="small plain" ref={close} onClick={onClose}>
        {say("scan.close")}
      </button>
    </fieldset>
  );
}

type Seen = { code: string } | { trouble: Trouble };

async function look(
  video: { current: HTMLVideoElement | null },
  until: AbortSignal,
  onSeen: (seen: Seen) => void,
): Promise<void> {
  const { LOOK_EVERY_MS, lookAt, openCamera } = await import("./camera.ts");
  const stream = await openCamera();
  const stop = () => {
    for (const track of stream.getTracks()) track.stop();
  };
  const screen = video.current;
  if (until.aborted || screen === null) return stop();
  screen.srcObject = stream;
  const canvas = document.createElement("canvas");
  const timer = setInterval(() => {
    const text = lookAt(screen, canvas);
    if (text === null) return;
    const code = readLabel(text);
    onSeen(code === null ? { trouble: "scan.other" } : { code });
  }, LOOK_EVERY_MS);
  until.addEventListener("abort", () => {
    clearInterval(timer);
    stop();
  });
  await screen.play();
}

function troubleOf(error: unknown): Trouble {
  const name = error instanceof DOMException ? error.name : "";
  return name === "NotAllowedError" || name === "SecurityError" ? "scan.refused" : "scan.no_camera";
}
