// One request in flight, the newest next. What is shown is never older than what was shown before: a second request
// starts only when the first has ended, and one that was cancelled is never shown, however late its answer comes.
// A service that is busy is asked again a little later, unless that was cancelled or something newer is under way.

const BUSY = new Set([429, 503, 504]);
const LATER = 1000; // milliseconds

export function latest(work, show, fail) {
  let flight = null;
  let last = null;
  let again = false;

  async function fly() {
    const mine = new AbortController();
    flight = last = mine;
    again = false;
    try {
      const answer = await work(mine.signal);
      if (!mine.signal.aborted) show(answer);
    } catch (error) {
      if (!mine.signal.aborted) {
        fail(error);
        if (BUSY.has(error.status)) setTimeout(() => { if (flight === null && mine === last) fly(); }, LATER);
      }
    }
    if (flight === mine) {
      flight = null;
      if (again) fly();
    }
  }

  return {
    ask() {
      if (flight) again = true;
      else fly();
    },
    cancel() {
      flight?.abort();
      flight = last = null;
      again = false;
    },
    get busy() {
      return flight !== null;
    },
  };
}

// Calls `act` once nothing has called for `milliseconds`.
export function settled(act, milliseconds) {
  let timer = 0;
  return {
    soon() {
      clearTimeout(timer);
      timer = setTimeout(act, milliseconds);
    },
    cancel: () => clearTimeout(timer),
  };
}
