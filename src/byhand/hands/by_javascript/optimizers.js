/**
 * Optimizers: formulas on the flat vector of all parameters, with the gradient g as long as it.
 *
 *     sgd         theta -= lr g
 *     momentum    v = mu v + g                        theta -= lr v
 *     adam        m = b1 m + (1 - b1) g               v = b2 v + (1 - b2) g^2
 *                 theta -= lr / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + eps)
 *
 * Polyak (1964); Kingma & Ba (2015). Twin: byhand/training/optimizers.py.
 */

/** @typedef {import("./arrays.js").Data} Data */
/** @typedef {{ momentum: number, beta1: number, beta2: number, epsilon: number }} Config */

/** @type {Config} */
export const DEFAULTS = Object.freeze({ momentum: 0.9, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 });

/**
 * Zeros like a vector.
 * @param {Data} theta
 */
function zerosLike(theta) {
  return theta instanceof Float64Array ? new Float64Array(theta.length) : new Float32Array(theta.length);
}

/** Stochastic gradient descent. */
export class SGD {
  /**
   * @param {Data} theta
   * @param {Config} config
   */
  constructor(theta, config = DEFAULTS) {
    this.theta = theta;
    this.config = config;
  }

  /**
   * Move the parameters by their gradient.
   * @param {Data} g
   * @param {number} lr
   */
  step(g, lr) {
    const { theta } = this;
    // theta -= lr g
    for (let i = 0; i < theta.length; i++) theta[i] -= lr * g[i];
  }
}

/** Gradient descent with a velocity. */
export class Momentum extends SGD {
  /**
   * @param {Data} theta
   * @param {Config} config
   */
  constructor(theta, config = DEFAULTS) {
    super(theta, config);
    this.v = zerosLike(theta);
  }

  /**
   * @param {Data} g
   * @param {number} lr
   */
  step(g, lr) {
    const { theta, v } = this;
    const mu = this.config.momentum;
    for (let i = 0; i < theta.length; i++) {
      // v = mu v + g
      v[i] = mu * v[i] + g[i];
      // theta -= lr v
      theta[i] -= lr * v[i];
    }
  }
}

/** Running means of the gradient and of its square, both corrected for starting at zero. */
export class Adam extends SGD {
  /**
   * @param {Data} theta
   * @param {Config} config
   */
  constructor(theta, config = DEFAULTS) {
    super(theta, config);
    this.m = zerosLike(theta);
    this.v = zerosLike(theta);
    this.t = 0;
  }

  /**
   * @param {Data} g
   * @param {number} lr
   */
  step(g, lr) {
    const { theta, m, v } = this;
    const { beta1: b1, beta2: b2, epsilon } = this.config;
    this.t += 1;
    const [rate, root] = [lr / (1 - b1 ** this.t), Math.sqrt(1 - b2 ** this.t)];
    for (let i = 0; i < theta.length; i++) {
      // m = b1 m + (1 - b1) g,   v = b2 v + (1 - b2) g^2
      m[i] = b1 * m[i] + (1 - b1) * g[i];
      v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i];
      // theta -= lr / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + eps)
      theta[i] -= (rate * m[i]) / (Math.sqrt(v[i]) / root + epsilon);
    }
  }
}

/** @type {Record<string, typeof SGD>} */
export const OPTIMIZERS = { sgd: SGD, momentum: Momentum, adam: Adam };
