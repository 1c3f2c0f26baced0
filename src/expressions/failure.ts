/** The reason why an evaluation ends without a value. `isAbsent`: it read an output of a step that did not succeed. */
export class Failure extends Error {
  readonly isAbsent: boolean;

  constructor(message: string, isAbsent = false) {
    super(message);
    this.isAbsent = isAbsent;
  }
}
