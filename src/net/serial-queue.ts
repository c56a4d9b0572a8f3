/** Tasks one after another. */
export class SerialQueue {
  #tasks: (() => Promise<void>)[] = [];
  #run: Promise<void> | undefined;

  /** Runs `task` after those added before. A task must not reject. */
  add(task: () => Promise<void>): void {
    this.#tasks.push(task);
    this.#run ??= this.#runAll();
  }

  /** Forgets the tasks that have not begun. */
  clear(): void {
    this.#tasks = [];
  }

  /** Resolves when no task runs or waits. */
  async idle(): Promise<void> {
    await this.#run;
  }

  async #runAll(): Promise<void> {
    for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) await task();
    this.#run = undefined;
  }
}
