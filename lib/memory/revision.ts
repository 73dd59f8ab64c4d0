/**
 * Changing what a container has, depending on what it had, in several steps.
 *
 * @module
 */

/**
 * What was read of a container in order to change it. Between the steps a function of the user's can run,
 * also in another program: it is called again with a new revision if the change was too late.
 */
export interface Revision {
  /** What was read. */
  readonly value: unknown;
  /**
   * Stores what was made of it. Returns false, and changes nothing, if the container has not what was read
   * any more.
   */
  store(next: unknown): boolean;
  /** Releases what was read. Called once, last. */
  release(): void;
}

/** Reads something of a container, which the arguments name, in order to change it. */
export type Revise = (container: object, args: readonly unknown[]) => Revision;
