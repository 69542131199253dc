/** A mistake in what was given: one sentence, and a code such as "safetensors.truncated". */
export class ByhandError extends Error {
  /**
   * @param {string} message
   * @param {string} code
   */
  constructor(message, code) {
    super(message);
    this.name = "ByhandError";
    this.code = code;
  }
}
