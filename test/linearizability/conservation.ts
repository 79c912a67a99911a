/** One transfer, and at which accounts it was applied at the end. */
export interface Transfer {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly amount: number;
  /** Whether the client was told that it was accepted: then both sides are applied; else neither. */
  readonly isAccepted: boolean;
}

/** An account at the end, when nobody pays any more. */
export interface FinalAccount {
  readonly key: string;
  readonly balance: number;
  /** Ids of transfers. */
  readonly applied: readonly string[];
}

/** What is wrong with the bank at the end: money made or lost, one side of a transfer without the other, one side twice. */
export function conservationProblems(
  initialBalance: number,
  accounts: readonly FinalAccount[],
  transfers: readonly Transfer[],
): readonly string[] {
  const problems: string[] = [];
  const total = accounts.reduce((sum, { balance }) => sum + balance, 0);
  const before = initialBalance * accounts.length;
  if (total !== before) problems.push(`the accounts together hold ${total}, not ${before}`);
  for (const { key, balance, applied } of accounts) {
    const ofKey = transfers.filter(({ from, to, isAccepted }) => isAccepted && (from === key || to === key));
    const expected = ofKey.reduce(
      (sum, { from, amount }) => sum + (from === key ? -amount : amount),
      initialBalance,
    );
    if (balance !== expected) problems.push(`${key} holds ${balance}, not ${expected}`);
    if (new Set(applied).size !== applied.length) problems.push(`${key} has a transfer twice`);
    const has = new Set(applied);
    for (const { id } of ofKey) if (!has.delete(id)) problems.push(`${key} lacks ${id}, which was accepted`);
    for (const id of has) problems.push(`${key} has ${id}, which was not accepted`);
  }
  return problems;
}
