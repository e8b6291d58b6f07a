/** The page's side of the worker of one's own voice. */

import type { SoundSource } from "../audio/source_switch.ts";
import type { Command, Wish } from "../room/commands.ts";
import { commandId } from "../room/hub_client.ts";
import type { ToOutput } from "../room/worker_messages.ts";
import type { RefusalCode } from "../wire/messages.ts";
import type { SpeakJoining } from "./speak_link.ts";
import type { FromSpeakWorker, Played, ToSpeakWorker } from "./worker_messages.ts";

/** What it tells the page. */
export interface VoiceNews {
  /** `rejected`: what was wrong with those that were tried before. */
  onEncoder(which: "webcodecs" | "wasm", rejected: readonly string[]): void;
  onNoEncoder(): void;
  onWelcome(participant: string, resume: string): void;
  onLegs(up: number): void;
  onSent(packets: number, dropped: number): void;
  /** A command was not applied. */
  onRefusedCommand(type: Command["type"], code: RefusalCode): void;
  /** The hub lets this phone speak no more. */
  onRefused(): void;
}

export class VoiceClient implements SoundSource {
  onSound: (message: ToOutput) => void = () => {};
  private readonly worker: Worker;
  private readonly given = new Map<string, Command["type"]>();

  constructor(private readonly news: VoiceNews) {
    this.worker = new Worker(new URL("./speak.worker.ts", import.meta.url));
    this.worker.onmessage = ({ data }: MessageEvent<FromSpeakWorker>) => this.receive(data);
    // The worker's own scope always has what the window of an old or stripped browser may lack.
    this.post({ kind: "prepare", hasWebCodecs: "AudioEncoder" in window });
  }

  open(joining: SpeakJoining): void {
    this.post({ kind: "open", joining });
  }

  /** The end of the channel on which the microphone's frames are to come. */
  microphone(latencyMs: number): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.post({ kind: "microphone", port: port2, latencyMs }, [port2]);
    return port1;
  }

  speak(isOn: boolean): void {
    this.post({ kind: "speak", isOn });
  }

  wish(wish: Wish): void {
    const command: Command = { ...wish, id: commandId() };
    this.given.set(command.id, command.type);
    this.post({ kind: "command", command });
  }

  played(played: Played): void {
    this.post({ kind: "played", played });
  }

  listen(port: MessagePort | null): void {
    this.post({ kind: "listen", port }, port === null ? [] : [port]);
  }

  silence(): void {
    this.post({ kind: "silence" });
  }

  /** Ends the connections; the encoder stays for the next turn. */
  hangUp(): void {
    this.given.clear();
    this.post({ kind: "close" });
  }

  /** Ends it all. */
  close(): void {
    this.worker.terminate();
  }

  private post(message: ToSpeakWorker, transfer: Transferable[] = []): void {
    this.worker.postMessage(message, transfer);
  }

  private receive(message: FromSpeakWorker): void {
    switch (message.kind) {
      case "encoder":
        return this.news.onEncoder(message.which, message.rejected);
      case "no_encoder":
        return this.news.onNoEncoder();
      case "welcome":
        return this.news.onWelcome(message.participant, message.resume);
      case "legs":
        return this.news.onLegs(message.up);
      case "sent":
        return this.news.onSent(message.packets, message.dropped);
      case "ack":
        return this.answered(message.ack.id, message.ack.refused);
      case "given_up":
        this.given.delete(message.id);
        return;
      case "refused":
        return this.news.onRefused();
      default:
        return this.onSound(message);
    }
  }

  private answered(id: string, refused: RefusalCode | null): void {
    const type = this.given.get(id);
    this.given.delete(id);
    if (type !== undefined && refused !== null) this.news.onRefusedCommand(type, refused);
  }
}
