// Client of the service (byhand.server). A response that is not a success becomes an Error with its problem's detail.

// A token is taken from the address, …/#token=TOKEN, or asked for; it is kept in this tab only.
const TOKEN = "byhand-token";
const fromAddress = /^#token=(.+)$/.exec(location.hash);
if (fromAddress) {
  sessionStorage.setItem(TOKEN, decodeURIComponent(fromAddress[1]));
  history.replaceState(null, "", location.pathname);
}

async function call(path, options = {}) {
  const token = sessionStorage.getItem(TOKEN);
  if (token) options = { ...options, headers: { ...options.headers, authorization: `Bearer ${token}` } };
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The service is not responding; is `byhand lab` running?");
  }
  if (response.status === 204 || response.status === 304) return null;
  if (response.status === 401) {
    const entered = await askToken(token !== null);
    if (entered) {
      sessionStorage.setItem(TOKEN, entered);
      return call(path, options);
    }
  }
  if (!response.ok) {
    const problem = await response.json().catch(() => ({}));
    const error = new Error(problem.detail ?? problem.title ?? `The service responded with ${response.status}.`);
    error.status = response.status;
    throw error;
  }
  return response.json();
}

// One dialog, however many requests wait for it.
let dialogResult = null;
function askToken(wrong) {
  dialogResult ??= new Promise((done) => {
    const dialog = document.querySelector("#token");
    const message = wrong ? "The token is wrong." : "The service requires a token.";
    dialog.querySelector("p").textContent = message;
    dialog.addEventListener("close", () => {
      dialogResult = null;
      done(dialog.returnValue === "submit" ? dialog.querySelector("[type=password]").value : null);
    }, { once: true });
    dialog.showModal();
  });
  return dialogResult;
}

const post = (body, type, signal) => ({ method: "POST", body, signal, headers: { "content-type": type } });
const picture = (body, signal) => post(body, body.type || "image/png", signal);
const json = (value, signal) => post(JSON.stringify(value), "application/json", signal);
const networkPath = (name) => `v1/networks/${encodeURIComponent(name)}`;

export const networks = () => call("v1/networks");
export const see = (body, hand, signal) => call(`v1/see?hand=${hand}`, picture(body, signal));
export const read = (body, { single, explain }, signal) =>
  call(`v1/read?single=${single}&explain=${explain}`, picture(body, signal));
export const activations = (name, pixels, hand, signal) =>
  call(`${networkPath(name)}/activations?hand=${hand}`, json({ pixels }, signal));
export const hands = (name, pixels, signal) => call(`${networkPath(name)}/hands`, json({ pixels }, signal));
export const trainings = () => call("v1/trainings");
export const training = (id) => call(`v1/trainings/${encodeURIComponent(id)}`);
export const startTraining = (what) => call("v1/trainings", json(what));
export const stopTraining = (id) => call(`v1/trainings/${encodeURIComponent(id)}`, { method: "DELETE" });

// Weights do not change; each array is requested once.
const cache = new Map();
export function weights(name, layer) {
  const path = `${networkPath(name)}/weights/${encodeURIComponent(layer)}`;
  if (!cache.has(path)) {
    const pending = call(path);
    pending.catch(() => cache.delete(path));
    cache.set(path, pending);
  }
  return cache.get(path);
}
