/** What the output plays: the program, or while one speaks, the return; never both. */

import type { ToOutput } from "../room/worker_messages.ts";
import { LISTENING, SPEAKING, type TargetBounds } from "./target_delay.ts";

/** Gives decoded sound, on a worklet's port or to `onSound`. */
export interface SoundSource {
  listen(port: MessagePort | null): void;
  silence(): void;
  onSound: (message: ToOutput) => void;
}

export class SourceSwitch implements SoundSource {
  onSound: (message: ToOutput) => void = () => {};
  private current: SoundSource;
  private bounds: TargetBounds | undefined;

  constructor(private readonly program: SoundSource) {
    this.current = program;
    this.follow(program);
  }

  /** The return of a speaker from now on; null: the program. */
  turnTo(source: SoundSource | null): void {
    this.silence();
    this.current.onSound = () => {};
    this.current = source ?? this.program;
    this.bounds = source === null ? LISTENING : SPEAKING;
    this.follow(this.current);
  }

  /** How late the sound of another source shall be; undefined: the same source as before. */
  newBounds(): TargetBounds | undefined {
    const { bounds } = this;
    this.bounds = undefined;
    return bounds;
  }

  listen(port: MessagePort | null): void {
    this.current.listen(port);
  }

  silence(): void {
    this.current.silence();
  }

  private follow(source: SoundSource): void {
    source.onSound = (message) => this.onSound(message);
  }
}
