/** Types of bug-list.mjs, for the tests. */
/** A place of a file and what it becomes. */
interface Change {
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly every?: boolean;
}

export interface Bug extends Change {
  readonly name: string;
  readonly also?: readonly Change[];
  readonly test: string;
  readonly only?: string;
  readonly built?: boolean;
}

export declare const BUGS: readonly Bug[];
