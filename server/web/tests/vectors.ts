/** Reads the vectors that Python's tests read too. */
import { readFileSync } from "node:fs";

export function vectors<T>(path: string): T {
  const url = new URL(`../../../tests/vectors/${path}`, import.meta.url);
  return JSON.parse(readFileSync(url, "utf-8")) as T;
}

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
