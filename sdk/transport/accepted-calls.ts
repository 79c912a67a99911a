import { slotOf } from './call-table.js';
import type { ServerCall } from './server-call.js';

/**
 * The calls of one connection at the callee, by the slot that the caller put into the call id: an array costs less a
 * call than a map. A slot that is taken is taken for every generation: no caller uses it for two calls at once.
 */
export class AcceptedCalls {
  readonly #slots: (ServerCall | undefined)[] = [];

  taken(callId: number): boolean {
    return this.#slots[slotOf(callId)] !== undefined;
  }

  add(call: ServerCall): void {
    const slot = slotOf(call.callId);
    // Filled without holes: at the most as many entries as there are slots, whatever the caller names.
    while (this.#slots.length < slot) this.#slots.push(undefined);
    this.#slots[slot] = call;
  }

  get(callId: number): ServerCall | undefined {
    const call = this.#slots[slotOf(callId)];
    return call?.callId === callId ? call : undefined;
  }

  /** Does nothing for a call that is not there (any more). */
  remove(call: ServerCall): void {
    const slot = slotOf(call.callId);
    if (this.#slots[slot] === call) this.#slots[slot] = undefined;
  }

  /** Calls may be removed while it runs. */
  forEach(visit: (call: ServerCall) => void): void {
    for (const call of this.#slots) {
      if (call !== undefined) visit(call);
    }
  }
}
