/**
 * How much of what the phone plays comes back through its microphone; pure.
 *
 * Three sweeps are played, and the same delay is looked for behind each: an echo is there three
 * times, and what somebody says meanwhile is not. The least of the three counts, so that what the
 * browser's own echo canceller learns in that second counts too. A matched filter finds a sweep far
 * under a loud room: a quiet figure means headphones, or a good canceller, and not a noisy street.
 */

/** Enough for a voice; everything here is worked out at this rate. */
const LOW_RATE_HZ = 8000;
const SWEEP_S = 0.4;
const SWEEPS = 3;
const FROM_HZ = 500;
const TO_HZ = 3000;
const AMPLITUDE = 0.25;
/** Edges that do not click. */
const FADE_S = 0.02;
/** The way through output device, air and input device: the longest that is looked for. */
const MAX_DELAY_S = 0.4;
/** Reflections that belong to the same echo. */
const SPREAD_S = 0.02;

/** How long the test records from the moment it plays. */
export const ECHO_TEST_MS = 1000 * (SWEEPS * SWEEP_S + MAX_DELAY_S);

/** More than this comes back: a speaker hears themselves, the hall hears it twice. */
export const HEADPHONES_ABOVE_DB = -25;

/** The sound that is played, at this rate. */
export function echoSignal(rate: number): Float32Array {
  const one = sweep(rate);
  const all = new Float32Array(one.length * SWEEPS);
  for (let number = 0; number < SWEEPS; number++) all.set(one, number * one.length);
  return all;
}

/** What came back of it in dB of what was played; `recorded` is at 48 kHz and begins as it plays. */
export function echoReturnDb(recorded: Float32Array): number {
  const heard = decimated(recorded);
  const wanted = sweep(LOW_RATE_HZ);
  const ofEach = Array.from({ length: SWEEPS }, (_, number) =>
    stretches(gains(heard, wanted, number * wanted.length)),
  );
  const common = (ofEach[0] ?? []).map((_, at) =>
    Math.min(...ofEach.map((ofOne) => ofOne[at] ?? 0)),
  );
  return 10 * Math.log10(Math.max(0, ...common) / autocorrelationWidth() + 1e-12);
}

/** The matched filter's answers (power gains) to a sweep that began at `begin`, delay by delay. */
function gains(heard: Float32Array, wanted: Float32Array, begin: number): number[] {
  const energy = wanted.reduce((sum, sample) => sum + sample * sample, 0);
  const delays = Math.min(MAX_DELAY_S * LOW_RATE_HZ, heard.length - begin - wanted.length);
  return Array.from({ length: Math.max(0, Math.floor(delays)) }, (_, delay) => {
    let sum = 0;
    for (let i = 0; i < wanted.length; i++) {
      sum += (wanted[i] as number) * (heard[begin + delay + i] as number);
    }
    return (sum / energy) ** 2;
  });
}

/** Answers that belong together, added up: overlapping stretches of 20 ms. */
function stretches(answers: readonly number[]): number[] {
  const width = Math.round(SPREAD_S * LOW_RATE_HZ);
  const sums: number[] = [];
  for (let from = 0; from < answers.length; from += width / 2) {
    sums.push(answers.slice(from, from + width).reduce((total, gain) => total + gain, 0));
  }
  return sums;
}

/** How much one clean echo of gain 1 adds up to over all delays. */
function autocorrelationWidth(): number {
  const wanted = sweep(LOW_RATE_HZ);
  const energy = wanted.reduce((sum, sample) => sum + sample * sample, 0);
  const reach = Math.round((SPREAD_S / 2) * LOW_RATE_HZ);
  let total = 0;
  for (let delay = -reach; delay <= reach; delay++) {
    let sum = 0;
    for (let i = Math.max(0, -delay); i < wanted.length - Math.max(0, delay); i++) {
      sum += (wanted[i] as number) * (wanted[i + delay] as number);
    }
    total += (sum / energy) ** 2;
  }
  return total;
}

function sweep(rate: number): Float32Array {
  const length = Math.round(SWEEP_S * rate);
  return Float32Array.from({ length }, (_, i) => {
    const t = i / rate;
    const phase = 2 * Math.PI * (FROM_HZ * t + ((TO_HZ - FROM_HZ) * t * t) / (2 * SWEEP_S));
    const edge = Math.min(1, t / FADE_S, (SWEEP_S - t) / FADE_S);
    return AMPLITUDE * edge * Math.sin(phase);
  });
}

/** 48 kHz to 8 kHz, each sample the mean of six around its moment. */
function decimated(samples: Float32Array): Float32Array {
  const length = Math.floor(samples.length / 6);
  return Float32Array.from({ length }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < 6; k++) sum += samples[6 * i + k] as number;
    return sum / 6;
  });
}
