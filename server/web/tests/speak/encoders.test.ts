import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import {
  chooseEncoder,
  type Encoder,
  faultOf,
  type OpenEncoder,
  prove,
  toneFrame,
} from "../../src/speak/encoders.ts";
import { encoderOf } from "../../src/speak/wasm_encoder.ts";

const path = createRequire(import.meta.url).resolve("@evan/opus/wasm/opus.wasm");
const file = readFileSync(path);
const module = file.buffer.slice(file.byteOffset, file.byteOffset + file.length) as ArrayBuffer;

const libopus: OpenEncoder = (onPacket) => encoderOf(module, onPacket);

/** Libopus with a fault between it and the world. */
function spoilt(spoil: (frame: Float32Array, number: number) => Float32Array | null): OpenEncoder {
  return async (onPacket) => {
    const inner = await encoderOf(module, onPacket);
    let number = 0;
    return {
      ...inner,
      kind: "webcodecs",
      encode: (samples) => {
        const given = spoil(samples, number);
        number += 1;
        if (given !== null) inner.encode(given);
      },
    };
  };
}

describe("an encoder proves itself", () => {
  test("libopus in WebAssembly does", async () => {
    await expect(prove(libopus)).resolves.toBeUndefined();
  });

  test.each<[string, OpenEncoder, RegExp]>([
    ["silence", spoilt((frame) => new Float32Array(frame.length)), /dBFS came back/],
    [
      "half the packets",
      spoilt((frame, number) => (number % 2 ? frame : null)),
      /10 packets of 20/,
    ],
    [
      "noise of the right level",
      spoilt((frame) => frame.map(() => (Math.random() - 0.5) * 0.8)),
      /something else|dBFS/,
    ],
    ["far too little", spoilt((frame) => frame.map((sample) => sample / 4)), /dBFS came back/],
  ])("one that gives %s does not", async (_, open, why) => {
    await expect(prove(open)).rejects.toThrow(why);
  });

  test("one that never answers does not", async () => {
    const deaf: OpenEncoder = async (onPacket) => ({
      ...(await encoderOf(module, onPacket)),
      flush: () => new Promise(() => {}),
    });
    await expect(prove(deaf, 20)).rejects.toThrow("nothing came back");
  });

  test("packets of another length are none of ours", () => {
    const packets = Array.from({ length: 20 }, () => new Uint8Array(1));
    expect(faultOf(packets, () => new Float32Array(960))).toBe("a packet of 960 samples");
  });
});

describe("the choice", () => {
  test("goes on to the next when one is wrong, and says why", async () => {
    const said: string[] = [];
    const packets: Uint8Array[] = [];
    const absent: OpenEncoder = () => Promise.reject(new Error("there is none"));
    const silent = spoilt((frame) => new Float32Array(frame.length));
    const chosen: Encoder = await chooseEncoder(
      [absent, silent, libopus],
      (packet) => packets.push(packet),
      () => {},
      (text) => said.push(text),
    );
    expect(chosen.kind).toBe("wasm");
    expect(said).toHaveLength(2);
    expect(packets).toEqual([]);
    chosen.encode(toneFrame(0));
    expect(packets).toHaveLength(1);
    // 40 kb/s are 50 bytes in 10 ms.
    expect(packets[0]?.length).toBeLessThan(125);
  });

  test("fails where nothing encodes", async () => {
    const none = chooseEncoder(
      [],
      () => {},
      () => {},
      () => {},
    );
    await expect(none).rejects.toThrow("nothing here encodes Opus");
  });
});
