// The way to the service: questions, orders and the stream, with the token when one is asked for.

const base = new URL('../', import.meta.url);
const TOKEN = 'weir.token';
/// No word for so long, and contact is lost.
const SILENCE_MAX = 5_000;
const ANSWER_MAX = 15_000;
const PAUSE = 1_000;
/// All places at the stream are taken: asked now and then instead.
const PAUSE_WHEN_FULL = 2_000;

let asking = null;
let enter = async () => null;

/// A problem that the service answered with.
export class Refused extends Error {
  constructor(status, problem) {
    super(problem?.message ?? `The service answered ${status}`);
    this.status = status;
    this.code = problem?.code ?? '';
  }
}

/// Says how a token is asked for: `ask(wasWrong)` answers with one, or null.
export function onLocked(ask) {
  enter = ask;
}

/// One question at a time for all that wait.
function askForToken(used) {
  if (sessionStorage.getItem(TOKEN) !== used) return Promise.resolve(true);
  asking ??= enter(used !== null)
    .then((token) => {
      if (token) sessionStorage.setItem(TOKEN, token);
      return Boolean(token);
    })
    .finally(() => (asking = null));
  return asking;
}

/// `begin` gives each try its own signal.
async function call(path, options = {}, begin = () => AbortSignal.timeout(ANSWER_MAX)) {
  for (;;) {
    const token = sessionStorage.getItem(TOKEN);
    const headers = { ...options.headers, ...(token && { Authorization: `Bearer ${token}` }) };
    const response = await fetch(new URL(path, base), { cache: 'no-store', ...options, headers, signal: begin() });
    if (response.status !== 401) return response;
    if (!(await askForToken(token))) throw new Refused(401, { message: 'The token is missing' });
  }
}

async function told(response) {
  const text = await response.text();
  let value = null;
  try {
    value = JSON.parse(text);
  } catch {
    // An answer without JSON is told by its status.
  }
  if (!response.ok) throw new Refused(response.status, value);
  return value;
}

export const ask = async (path) => told(await call(path));

/// What a part of the page asks for; null if this service has no such route.
export async function askIfThere(path) {
  try {
    return await ask(path);
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}

/// Gives an order. The page hears `ordered` when it is answered, since its line in the audit stands then.
export async function order(path, body) {
  const headers = { 'Content-Type': 'application/json' };
  const answer = await told(await call(path, { method: 'POST', headers, body: JSON.stringify(body) }));
  document.dispatchEvent(new Event('ordered'));
  return answer;
}

const sleep = (time) => new Promise((wake) => setTimeout(wake, time));

/// Listens for ever: `hear(kind, value)` for each event, `lose(why)` whenever contact is lost. It
/// comes back by itself, unless it was given no token: then `lose` also gets what tries again.
export async function listen(hear, lose) {
  for (;;) {
    try {
      await stream(hear);
      lose('The service ended the stream');
    } catch (error) {
      if (error.status === 401) {
        await new Promise((again) => lose('The service wants its token', again));
        continue;
      }
      if (error.status === 503 && (await look(hear))) {
        await sleep(PAUSE_WHEN_FULL);
        continue;
      }
      lose('The service does not answer');
    }
    await sleep(PAUSE);
  }
}

async function look(hear) {
  try {
    hear('status', await ask('admin/status'));
    return true;
  } catch {
    return false;
  }
}

/// One stream, until it ends or falls silent. EventSource could not carry the token.
async function stream(hear) {
  let cut;
  let silence;
  const alive = () => {
    clearTimeout(silence);
    silence = setTimeout(() => cut.abort(), SILENCE_MAX);
  };
  const begin = () => {
    cut = new AbortController();
    alive();
    return cut.signal;
  };
  try {
    const response = await call('admin/events', {}, begin);
    if (!response.ok) throw new Refused(response.status, null);
    alive();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const events = (rest + value).split('\n\n');
      rest = events.pop();
      for (const event of events) {
        if (deliver(event, hear)) alive();
      }
    }
  } finally {
    clearTimeout(silence);
  }
}

function deliver(event, hear) {
  let kind = 'message';
  const data = [];
  for (const line of event.split('\n')) {
    if (line.startsWith('event: ')) kind = line.slice(7);
    else if (line.startsWith('data: ')) data.push(line.slice(6));
  }
  if (data.length > 0) hear(kind, JSON.parse(data.join('\n')));
  return data.length > 0;
}
