/** A value that changes, and the hook that lets a component follow it. */

import { useEffect, useState } from "preact/hooks";

export class Store<T extends object> {
  private readonly followers = new Set<() => void>();

  constructor(private current: T) {}

  get value(): T {
    return this.current;
  }

  /** Changes some fields and tells everybody. */
  set(changes: Partial<T>): void {
    this.current = { ...this.current, ...changes };
    for (const follower of [...this.followers]) follower();
  }

  /** Calls `follower` after each change; the answer ends that. */
  follow(follower: () => void): () => void {
    this.followers.add(follower);
    return () => this.followers.delete(follower);
  }
}

/** The store's value; the component is drawn again when `pick` of it changes. */
export function useStore<T extends object, P>(store: Store<T>, pick: (value: T) => P): P {
  const [picked, setPicked] = useState(() => pick(store.value));
  useEffect(() => {
    const update = () => setPicked(() => pick(store.value));
    update();
    return store.follow(update);
  }, [store]);
  return picked;
}
