/**
 * One's own voice on this page: carries out the machine's effects on the browser's real parts, and
 * tells the machine what became of them.
 */

import { isInApp } from "../audience/own_voice.ts";
import type { Player } from "../audio/player.ts";
import { type HubClient, hubOrigin } from "../room/hub_client.ts";
import type { Kept } from "../ui/fragment.ts";
import { Store } from "../ui/store.ts";
import type { Mute, Turn } from "../wire/messages.ts";
import {
  advance,
  hasFloor,
  type SpeakEffect,
  type SpeakEvent,
  type SpeakState,
} from "./machine.ts";
import { type CheckFindings, MicCheck } from "./mic_check.ts";
import { Microphone, MicrophoneRefused, type Refusal } from "./microphone.ts";
import { eventOf, isOnAir, mutedOf, turnOf } from "./own_turn.ts";

import { VoiceClient } from "./voice_client.ts";

export interface SpeakingState {
  state: SpeakState;
  /** Why there is no microphone. */
  refusal: Refusal | null;
  /** Why nothing is heard. */
  mute: Mute | null;
  /** The microphone was taken away: going on opens it anew. */
  needsMicrophone: boolean;
  check: CheckFindings | null;
  /** Of the microphone, ten times a second; -127 while it is closed. */
  levelDb: number;
  /** Connections that are up, of two. */
  legs: number;
  encoder: "webcodecs" | "wasm" | null;
  /** What was wrong with the encoders that were tried before. */
  rejected: readonly string[];
  microphone: string | null;
  packets: number;
  dropped: number;
  /** The test was done in this visit. */
  isTested: boolean;
}

const NOTHING_YET: SpeakingState = {
  state: "idle",
  refusal: null,
  mute: null,
  needsMicrophone: false,
  check: null,
  levelDb: -127,
  legs: 0,
  encoder: null,
  rejected: [],
  microphone: null,
  packets: 0,
  dropped: 0,
  isTested: false,
};

/** Where a tab keeps the token of its microphone: a reload while live goes on with the same turn. */
const RESUME_KEY = "parvis.speaker";
const PLAYED_EVERY_MS = 500;

export interface SpeakingParts {
  hub: HubClient;
  player: Player;
  room: string;
  /** The secret of the room's or an invitation's link. */
  secret: string | null;
  tab: Kept | null;
}

export class Speaking {
  readonly store = new Store<SpeakingState>(NOTHING_YET);
  private readonly voice: VoiceClient;
  private microphone: Microphone | null = null;
  private check: MicCheck | null = null;
  private hadLegs = false;
  private isCalling = false;
  private cannotEncode = false;
  private readonly endings: (() => void)[] = [];

  constructor(private readonly parts: SpeakingParts) {
    this.voice = new VoiceClient({
      onEncoder: (encoder, rejected) => this.store.set({ encoder, rejected }),
      onNoEncoder: () => this.encoderFailed(),
      onWelcome: (microphone, resume) => this.welcomed(microphone, resume),
      onLegs: (legs) => this.legsChanged(legs),
      onSent: (packets, dropped) => this.store.set({ packets, dropped }),
      onRefusedCommand: (type) => type === "take_floor" && this.failedToConnect(),
      onRefused: () => this.dispatch("turn_over"),
    });
    const onHide = () => document.hidden && this.muteBecause("hidden", "hidden");
    document.addEventListener("visibilitychange", onHide);
    const report = window.setInterval(() => this.tellPlayed(), PLAYED_EVERY_MS);
    this.endings.push(
      parts.hub.room.follow(() => this.followRoom()),
      parts.player.store.follow(() => this.followPlayer()),
      () => document.removeEventListener("visibilitychange", onHide),
      () => window.clearInterval(report),
    );
  }

  /** One's own turn, as the room has it. */
  get turn(): Turn | null {
    const { view, participant } = this.parts.hub.room.value;
    return turnOf(view, participant);
  }

  /** ON AIR: what the hub confirms, and nothing else. */
  get isOnAir(): boolean {
    const { state, microphone } = this.store.value;
    const isSilenced = this.parts.hub.room.value.view?.silenced ?? false;
    return isOnAir(state, this.turn, microphone, isSilenced);
  }

  /** A tap of the person's; inside its handler. */
  tap(event: SpeakEvent): void {
    if (event === "go_live") this.openOutput();
    this.dispatch(event);
  }

  mute(): void {
    this.muteBecause("mute", "self");
  }

  /** Inside a tap. */
  goOn(): void {
    this.openOutput();
    this.dispatch(this.store.value.needsMicrophone ? "reopen" : "go_on");
  }

  record(): void {
    this.check?.record();
  }

  replay(): void {
    this.check?.play();
  }

  close(): void {
    for (const end of this.endings) end();
    if (hasFloor(this.store.value.state)) this.parts.player.hear(null);
    this.closeMicrophone();
    this.voice.close();
  }

  private dispatch(event: SpeakEvent): void {
    const before = this.store.value.state;
    const { to, effects } = advance(before, event);
    if (to !== before) this.store.set({ state: to });
    for (const effect of effects) this.carryOut(effect);
    // What the room says may have come before the state that it concerns.
    if (to !== before) this.followRoom();
    if (to !== before && to === "live" && document.hidden) this.muteBecause("hidden", "hidden");
    if (to !== before && to === "live" && this.microphone?.isLost) this.lost();
  }

  private carryOut(effect: SpeakEffect): void {
    switch (effect) {
      case "ask":
        return void this.openMicrophone();
      case "close":
        return this.closeMicrophone();
      case "check":
        return this.beginCheck();
      case "end_check":
        return this.endCheck();
      case "connect":
        return this.connect();
      case "disconnect":
        this.voice.hangUp();
        this.isCalling = false;
        this.store.set({ legs: 0, mute: null, needsMicrophone: false });
        this.hadLegs = false;
        return;
      case "speak":
        return this.speak();
      case "hush":
        this.microphone?.pass({ kind: "to_nobody" });
        return this.voice.speak(false);
      case "tell_muted":
        return this.voice.wish({ type: "set_muted", muted: this.store.value.mute ?? "self" });
      case "tell_unmuted":
        this.store.set({ mute: null });
        return this.voice.wish({ type: "set_muted", muted: null });
      case "hear_return":
        return this.parts.player.hear(this.voice);
      case "hear_program":
        return this.parts.player.hear(null);
      case "step_down":
        return this.parts.hub.wish({ type: "leave_floor" });
    }
  }

  private async openMicrophone(): Promise<void> {
    this.closeMicrophone();
    if (this.cannotEncode) return this.refused("no_encoder");
    try {
      const opened = await Microphone.open({
        onLevel: (levelDb) => this.store.set({ levelDb }),
        onFrame: (samples) => this.check?.take(samples),
        onLost: () => this.lost(),
      });
      if (!this.isAsking()) return opened.close(); // the person went back meanwhile
      this.microphone = opened;
      opened.pass({ kind: "to_hub", port: this.voice.microphone(opened.latencyMs) });
      opened.pass({ kind: "to_nobody" });
      this.store.set({ refusal: null, needsMicrophone: false });
      this.dispatch("microphone");
    } catch (error) {
      const why = error instanceof MicrophoneRefused ? error.why : "busy";
      this.refused(why);
    }
  }

  private isAsking(): boolean {
    return ["asking", "opening", "reopening"].includes(this.store.value.state);
  }

  private refused(why: Refusal): void {
    if (!this.isAsking()) return;
    // Most apps that show pages keep the microphone to themselves: that is the cause, then.
    const isTheirs = why === "silent" || why === "denied";
    this.store.set({ refusal: isTheirs && isInApp(navigator.userAgent) ? "in_app" : why });
    this.dispatch("refusal");
  }

  private closeMicrophone(): void {
    this.endCheck();
    this.microphone?.close();
    this.microphone = null;
    this.store.set({ levelDb: -127 });
  }

  private beginCheck(): void {
    this.microphone?.pass({ kind: "to_page" });
    this.check = new MicCheck((check) => this.store.set({ check, isTested: true }));
    this.store.set({
      check: { state: "echo", wantsHeadphones: null, hasRecording: false },
    });
  }

  private endCheck(): void {
    this.microphone?.pass({ kind: "to_nobody" });
    this.check?.close();
    this.check = null;
    this.store.set({ check: null });
  }

  /** Inside a tap: what speaks hears; the plain stream has no return. */
  private openOutput(): void {
    const { player } = this.parts;
    const { state, rung } = player.store.value;
    if (rung === "mp3" && state === "live") player.preferMp3(false);
    else if (state !== "live") player.tap();
  }

  private connect(): void {
    const { hub, room, secret, tab } = this.parts;
    const person = hub.token;
    if (person === null) return this.failedToConnect();
    this.isCalling = true;
    this.voice.open({
      origin: hubOrigin(location),
      room,
      person,
      invite: secret,
      resume: tab?.getItem(RESUME_KEY) ?? null,
    });
    this.voice.wish({ type: "take_floor" });
  }

  private speak(): void {
    this.microphone?.pass({ kind: "to_hub" });
    this.voice.speak(true);
    // A page that was loaded anew comes back muted: the tap on "Go live" says otherwise.
    const isLeftMuted = this.store.value.mute === null && mutedOf(this.turn) !== null;
    if (isLeftMuted) this.voice.wish({ type: "set_muted", muted: null });
  }

  private welcomed(microphone: string, resume: string): void {
    this.parts.tab?.setItem(RESUME_KEY, resume);
    this.store.set({ microphone });
    this.followRoom();
  }

  private legsChanged(legs: number): void {
    if (!this.isCalling) return; // said before the worker heard that the call is over
    this.store.set({ legs });
    if (legs > 0) this.dispatch("link_back");
    else if (this.hadLegs) this.dispatch("link_lost");
    this.hadLegs ||= legs > 0;
  }

  private failedToConnect(): void {
    if (this.store.value.state === "connecting") this.dispatch("turn_over");
  }

  private followRoom(): void {
    const { state, microphone } = this.store.value;
    const event = eventOf(state, this.turn, microphone);
    if (event !== null) this.dispatch(event);
  }

  /** A call or another app takes the output away: it takes the microphone too. */
  private followPlayer(): void {
    if (this.parts.player.store.value.state === "interrupted") {
      this.muteBecause("device", "device");
    }
  }

  private encoderFailed(): void {
    this.cannotEncode = true;
    this.store.set({ refusal: "no_encoder" });
    this.muteBecause("device", "device");
  }

  private lost(): void {
    this.store.set({ needsMicrophone: true, refusal: "lost" });
    this.muteBecause("device", "device");
  }

  /** Says why before it mutes: the hub is told at once. */
  private muteBecause(event: SpeakEvent, mute: Mute): void {
    const { state } = this.store.value;
    if (state === "live" || state === "lost") this.store.set({ mute });
    this.dispatch(event);
  }

  private tellPlayed(): void {
    const { figures, figuresAtMs, deviceDelayMs } = this.parts.player.store.value;
    const { state } = this.store.value;
    if (!hasFloor(state) || figures.sampleClock === null || figuresAtMs === null) return;
    if (figures.playout !== "playing") return;
    this.voice.played({
      sampleClock: figures.sampleClock,
      atMs: performance.timeOrigin + figuresAtMs + deviceDelayMs,
      bufferMs: figures.bufferMs,
      underruns: figures.underruns,
      concealedMs: figures.concealedMs,
    });
  }
}
