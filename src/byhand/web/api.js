// The service, as lab/service.py speaks. An answer that is no success becomes an Error that says its problem's detail.

// A service with a token is opened as …/#token=TOKEN, or asks for it; it is kept in this tab alone.
const TOKEN = "byhand-token";
const inAddress = /^#token=(.+)$/.exec(location.hash);
if (inAddress) {
  sessionStorage.setItem(TOKEN, decodeURIComponent(inAddress[1]));
  history.replaceState(null, "", location.pathname);
}

async function call(path, options = {}) {
  const token = sessionStorage.getItem(TOKEN);
  if (token) options = { ...options, headers: { ...options.headers, authorization: `Bearer ${token}` } };
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The service does not answer; is `byhand lab` still running?");
  }
  if (answer.status === 204 || answer.status === 304) return null;
  if (answer.status === 401) {
    const given = await askToken(token !== null);
    if (given) {
      sessionStorage.setItem(TOKEN, given);
      return call(path, options);
    }
  }
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    const error = new Error(problem.detail ?? problem.title ?? `The service answered ${answer.status}.`);
    error.status = answer.status;
    throw error;
  }
  return answer.json();
}

// One dialog, however many requests wait for what it is told.
let asking = null;
function askToken(wrong) {
  asking ??= new Promise((done) => {
    const dialog = document.querySelector("#token");
    const asked = wrong ? "That is not the service's token." : "The service asks for its token.";
    dialog.querySelector("p").textContent = asked;
    dialog.addEventListener("close", () => {
      asking = null;
      done(dialog.returnValue === "give" ? dialog.querySelector("[type=password]").value : null);
    }, { once: true });
    dialog.showModal();
  });
  return asking;
}

const post = (body, type, signal) => ({ method: "POST", body, signal, headers: { "content-type": type } });
const picture = (body, signal) => post(body, body.type || "image/png", signal);
const json = (value, signal) => post(JSON.stringify(value), "application/json", signal);
const named = (name) => `v1/networks/${encodeURIComponent(name)}`;

export const networks = () => call("v1/networks");
export const see = (body, hand, signal) => call(`v1/see?hand=${hand}`, picture(body, signal));
export const read = (body, { single, explain }, signal) =>
  call(`v1/read?single=${single}&explain=${explain}`, picture(body, signal));
export const activations = (name, pixels, hand, signal) =>
  call(`${named(name)}/activations?hand=${hand}`, json({ pixels }, signal));
export const hands = (name, pixels, signal) => call(`${named(name)}/hands`, json({ pixels }, signal));
export const trainings = () => call("v1/trainings");
export const training = (id) => call(`v1/trainings/${encodeURIComponent(id)}`);
export const startTraining = (what) => call("v1/trainings", json(what));
export const stopTraining = (id) => call(`v1/trainings/${encodeURIComponent(id)}`, { method: "DELETE" });

// Weights do not change while the page lives; each is asked for once.
const kept = new Map();
export function weights(name, layer) {
  const path = `${named(name)}/weights/${encodeURIComponent(layer)}`;
  if (!kept.has(path)) {
    const asked = call(path);
    asked.catch(() => kept.delete(path));
    kept.set(path, asked);
  }
  return kept.get(path);
}
