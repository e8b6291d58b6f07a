/** The phone's microphone: asked for, cut into frames, watched, closed. */

import { type Inlet, openInlet } from "./inlets.ts";
import type { FromMicrophone, ToMicrophone } from "./microphone_tap.ts";

/** Why there is no microphone. */
export type Refusal =
  /** The person, or the system, said no. */
  | "denied"
  | "missing"
  /** Another program has it. */
  | "busy"
  /** The browser never answered. */
  | "silent"
  /** A page inside another app. */
  | "in_app"
  /** It was there and went. */
  | "lost"
  /** Nothing here encodes. */
  | "no_encoder";

export class MicrophoneRefused extends Error {
  constructor(readonly why: Refusal) {
    super(why);
  }
}

const ASK_FOR_MS = 10_000;

/** "all": what other parts of the page play is taken out too, where the browser can. */
const WANTED: MediaStreamConstraints = {
  audio: {
    echoCancellation: { ideal: "all" } as unknown as ConstrainBoolean,
    noiseSuppression: true,
    autoGainControl: true,
    channelCount: 1,
  },
};
const PLAIN: MediaStreamConstraints = { audio: { echoCancellation: true } };

type Devices = Pick<MediaDevices, "getUserMedia">;

/**
 * Asks for the microphone; some in-app browsers never answer, so it does not wait for ever.
 *
 * @throws MicrophoneRefused
 */
export async function askForMicrophone(
  devices: Devices,
  waitMs: number = ASK_FOR_MS,
): Promise<MediaStream> {
  const asked = ask(devices);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), waitMs);
  });
  const stream = await Promise.race([asked, late]);
  clearTimeout(timer);
  if (stream !== null) return stream;
  // Should the answer come after all: nobody listens any more.
  asked.then(stop, () => {});
  throw new MicrophoneRefused("silent");
}

async function ask(devices: Devices): Promise<MediaStream> {
  try {
    return await devices.getUserMedia(WANTED);
  } catch (error) {
    if (!isUnknownWish(error)) throw refusalOf(error);
  }
  try {
    return await devices.getUserMedia(PLAIN);
  } catch (error) {
    throw refusalOf(error);
  }
}

function isUnknownWish(error: unknown): boolean {
  const { name } = error as { name?: string };
  return name === "TypeError" || name === "OverconstrainedError";
}

function refusalOf(error: unknown): MicrophoneRefused {
  switch ((error as { name?: string }).name) {
    case "NotFoundError":
    case "OverconstrainedError":
      return new MicrophoneRefused("missing");
    case "NotReadableError":
    case "AbortError":
      return new MicrophoneRefused("busy");
    default:
      return new MicrophoneRefused("denied");
  }
}

/** Lets go of a microphone. */
export function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

/** What an open microphone tells. */
export interface MicrophoneNews {
  onLevel(levelDb: number): void;
  /** One frame for the page's own test. */
  onFrame(samples: Float32Array): void;
  /** It was taken away: a call, another app, a headset pulled out. */
  onLost(): void;
}

export class Microphone {
  /** It was taken away: it has to be opened anew. */
  isLost = false;
  private isClosed = false;
  private devicesBefore: string[] | null = null;
  private readonly followDevices = () => void this.lookAtDevices();

  private constructor(
    private readonly stream: MediaStream,
    private readonly inlet: Inlet,
    private readonly news: MicrophoneNews,
  ) {
    inlet.onMessage = (message) => this.told(message);
    for (const track of stream.getAudioTracks()) {
      track.onended = () => this.lost();
      track.onmute = () => this.lost();
    }
    navigator.mediaDevices.addEventListener("devicechange", this.followDevices);
    void this.lookAtDevices();
  }

  /**
   * Asks for it and opens it. Everything that wants the tap happens before this returns.
   *
   * @throws MicrophoneRefused
   */
  static async open(news: MicrophoneNews): Promise<Microphone> {
    setAudioSession("play-and-record");
    try {
      const stream = await askForMicrophone(navigator.mediaDevices);
      const inlet = await openInlet(stream).catch(() => null);
      if (inlet !== null) return new Microphone(stream, inlet, news);
      stop(stream);
      throw new MicrophoneRefused("busy");
    } catch (error) {
      setAudioSession("playback");
      throw error instanceof MicrophoneRefused ? error : new MicrophoneRefused("busy");
    }
  }

  /** From the air to the first sample, as far as the browser tells. */
  get latencyMs(): number {
    const { latency } = this.settings() as { latency?: number };
    return Math.min(500, Math.max(0, (latency ?? 0) * 1000));
  }

  /** What the browser really gave. */
  settings(): MediaTrackSettings {
    return this.stream.getAudioTracks()[0]?.getSettings() ?? {};
  }

  /** Where its frames go from now on. */
  pass(to: ToMicrophone): void {
    this.inlet.pass(to);
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    navigator.mediaDevices.removeEventListener("devicechange", this.followDevices);
    this.inlet.close();
    for (const track of this.stream.getAudioTracks()) {
      track.onended = null;
      track.onmute = null;
    }
    stop(this.stream);
    setAudioSession("playback");
  }

  private told(message: FromMicrophone): void {
    if (this.isClosed) return;
    switch (message.kind) {
      case "level":
        return this.news.onLevel(message.levelDb);
      case "frame":
        return this.news.onFrame(message.samples);
      case "lost":
        return this.lost();
    }
  }

  private lost(): void {
    if (this.isClosed || this.isLost) return;
    this.isLost = true;
    this.news.onLost();
  }

  /** A device that is gone may have been the headset that kept the loudspeaker silent. */
  private async lookAtDevices(): Promise<void> {
    const all = await navigator.mediaDevices.enumerateDevices().catch(() => []);
    const audio = all
      .filter(({ kind }) => kind !== "videoinput")
      .map(({ kind, deviceId, groupId, label }) => `${kind} ${deviceId} ${groupId} ${label}`);
    const isGone = this.devicesBefore?.some((one) => !audio.includes(one)) ?? false;
    this.devicesBefore = audio;
    if (isGone) this.lost();
  }
}

/** iOS 16.4+: recording is refused while the page claims to play only. */
function setAudioSession(type: "playback" | "play-and-record"): void {
  const session = (navigator as { audioSession?: { type: string } }).audioSession;
  if (session !== undefined) session.type = type;
}
