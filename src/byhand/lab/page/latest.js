// One request in flight, the newest next. What is shown is never older than what was shown before: a second request
// starts only when the first has ended, and one that was cancelled is never shown, however late its answer comes.

export function latest(work, show, fail) {
  let flight = null;
  let again = false;

  async function fly() {
    const mine = new AbortController();
    flight = mine;
    again = false;
    try {
      const answer = await work(mine.signal);
      if (!mine.signal.aborted) show(answer);
    } catch (error) {
      if (!mine.signal.aborted) fail(error);
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
      flight = null;
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
