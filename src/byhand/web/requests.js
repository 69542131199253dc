// Runs at most one request at a time, then the newest one. A canceled request is never shown, however late its response
// arrives. If the service is busy, the request is repeated unless it was canceled or a newer one was sent.

const BUSY = new Set([429, 503, 504]);
const RETRY = 1000; // milliseconds

export function latest(request, show, onError) {
  let current = null;
  let last = null;
  let again = false;

  async function send() {
    const controller = new AbortController();
    current = last = controller;
    again = false;
    try {
      const response = await request(controller.signal);
      if (!controller.signal.aborted) show(response);
    } catch (error) {
      if (!controller.signal.aborted) {
        onError(error);
        if (BUSY.has(error.status)) setTimeout(() => { if (current === null && controller === last) send(); }, RETRY);
      }
    }
    if (current === controller) {
      current = null;
      if (again) send();
    }
  }

  return {
    ask() {
      if (current) again = true;
      else send();
    },
    cancel() {
      current?.abort();
      current = last = null;
      again = false;
    },
    get busy() {
      return current !== null;
    },
  };
}

// Calls `act` once `start` has not been called for `milliseconds`.
export function debounce(act, milliseconds) {
  let timer = 0;
  return {
    start() {
      clearTimeout(timer);
      timer = setTimeout(act, milliseconds);
    },
    cancel: () => clearTimeout(timer),
  };
}
